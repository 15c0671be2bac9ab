"""Invalid requests to the Image and Identity APIs get a 4xx within seconds."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.acceptance.bad_requests import BODIES, HEADERS, ODD_METHODS
from tests.acceptance.conftest import MEMBERS
from tests.acceptance.uploads import create_image
from tests.support.cloud import EmbeddedCloud, seed_identity
from tests.support.http import Response, request
from tests.support.parameter_ids import parameter_id
from tests.support.process import GlimpseProcess

PATCH = ("Content-Type", "application/openstack-images-v2.1-json-patch")
TOKENS = "/identity/v3/auth/tokens"


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    state_dir: Path = tmp_path_factory.mktemp("native") / "state"
    seed_identity(state_dir, MEMBERS)
    with GlimpseProcess(state_dir) as process:
        yield EmbeddedCloud(process)


@pytest.fixture(scope="module")
def image(embedded: EmbeddedCloud) -> str:
    return create_image(embedded)


def send_request(
    cloud: EmbeddedCloud, method: str, target: str, body: bytes | None, *headers: tuple[str, str]
) -> Response:
    return request(
        cloud.address,
        method,
        target,
        [("X-Auth-Token", cloud.token("owner") or ""), *headers],
        body,
    )


def assert_refused(response: Response) -> None:
    assert 400 <= response.status < 500, str(response)
    assert response.body, str(response)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_bad_body_is_refused(body: bytes, embedded: EmbeddedCloud, image: str) -> None:
    image_body = body.replace(b'{"metadata": ', b'{"name": ')
    patch_body = body.replace(b'"metadata"', b'"op": "replace", "path": "/name", "value"')
    assert_refused(
        send_request(embedded, "PATCH", f"/image/v2/images/{image}", b"[%b]" % patch_body, PATCH)
    )
    if image_body != BODIES["too many items"]:
        assert_refused(send_request(embedded, "POST", "/image/v2/images", image_body))
    assert_refused(send_request(embedded, "POST", TOKENS, body.replace(b'"metadata"', b'"auth"')))


@pytest.mark.parametrize(
    ("method", "target", "kind"),
    [
        ("POST", "/image/v2/images", ("Content-Type", "application/json")),
        ("PATCH", "/image/v2/images/{}", PATCH),
        ("POST", TOKENS, ("Content-Type", "application/json")),
    ],
)
def test_a_body_of_10_mb_is_refused_before_it_is_sent(
    method: str, target: str, kind: tuple[str, str], embedded: EmbeddedCloud, image: str
) -> None:
    """The client announces the length and sends nothing: a server that waits for it times out."""
    length = ("Content-Length", "10000000")
    response = send_request(embedded, method, target.format(image), None, length, kind)
    assert response.status == 413, str(response)


@pytest.mark.parametrize(
    "query", ["a=" + "x" * 60_000, "&" * 60_000, "tag=t&" * 10_000], ids=parameter_id
)
def test_a_long_query_is_no_server_error(query: str, embedded: EmbeddedCloud) -> None:
    for target in ("/image/v2/images", TOKENS, "/identity/v3/auth/projects"):
        assert send_request(embedded, "GET", f"{target}?{query}", None).status < 500


@pytest.mark.parametrize("method", ODD_METHODS)
def test_an_unusual_method_is_refused(method: str, embedded: EmbeddedCloud, image: str) -> None:
    for target in (f"/image/v2/images/{image}/file", "/image/v2/schemas/image", TOKENS):
        assert_refused(send_request(embedded, method, target, None))


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header[0])
def test_an_unusual_header_is_no_server_error(
    header: tuple[str, str], embedded: EmbeddedCloud, image: str
) -> None:
    odd = [header, ("Range", "bytes=" + "9" * 5000 + "-"), ("Accept", "\udcff;q=x")]
    for target in (f"/image/v2/images/{image}", f"/image/v2/images/{image}/file", TOKENS):
        response = request(embedded.address, "GET", target, odd)
        assert response.status == 401, str(response)
        with_token = send_request(
            embedded, "GET", target, None, *odd[1:], ("X-Subject-Token", header[1])
        )
        assert with_token.status < 500, str(with_token)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXT)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)
NAMES = st.sampled_from(("id", "name", "owner", "visibility", "tags", "min_ram", "status", "x"))
AUTH = st.sampled_from(("identity", "methods", "password", "user", "token", "scope", "project"))
OPERATION = st.fixed_dictionaries(
    {},
    optional={
        "op": st.one_of(st.sampled_from(("add", "replace", "remove")), JSON),
        "path": st.one_of(NAMES.map("/".__add__), JSON),
        "value": JSON,
    },
)
LOGIN = st.recursive(
    SCALARS | st.just(["password", "token"]), lambda inner: st.dictionaries(AUTH, inner, max_size=4)
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    document=st.one_of(JSON, st.dictionaries(NAMES, JSON, max_size=4)),
    changes=st.lists(OPERATION, max_size=3),
    login=LOGIN,
    path=st.binary(max_size=30).map(lambda raw: "".join(f"%{byte:02X}" for byte in raw)),
    query=st.sampled_from(("name", "created_at", "limit", "marker", "sort", "size_min", "x")),
)
def test_any_document_path_and_query_is_no_server_error(
    document: object,
    changes: list[object],
    login: object,
    path: str,
    query: str,
    embedded: EmbeddedCloud,
    image: str,
) -> None:
    def encoded(value: object) -> bytes:
        return json.dumps(value).encode()

    auth = encoded({"auth": {"identity": login, "scope": document}})
    responses = [
        send_request(embedded, "POST", "/image/v2/images", encoded(document)),
        send_request(embedded, "PATCH", f"/image/v2/images/{image}", encoded(changes), PATCH),
        send_request(embedded, "POST", TOKENS, auth),
        send_request(embedded, "GET", f"/image/v2/images/{path}", None),
        send_request(embedded, "GET", f"/image/v2/images?{query}={path}", None),
        send_request(embedded, "GET", f"/identity/{path}", None),
    ]
    for response in responses:
        assert response.status < 500, str(response)
