"""Cache headers: a shared cache must not store a response that depends on a token."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cloud import PASSWORD, Cloud, EmbeddedCloud, Member, seed_identity
from tests.support.gateway import SERVICE, gateway
from tests.support.http import Response, request
from tests.support.parameter_ids import parameter_id
from tests.support.process import GlimpseProcess

DEMO = Member("demo", "d" * 32)
JSON = {"Content-Type": "application/json"}
PRIVATE = "private"
NO_STORE = "no-store"


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    directory: Path = tmp_path_factory.mktemp("caching")
    seed_identity(directory / "state", [DEMO, SERVICE])
    with GlimpseProcess(directory / "state") as process:
        yield EmbeddedCloud(process)


@pytest.fixture(scope="module", params=["embedded", "gateway"])
def cloud(
    request: pytest.FixtureRequest,
    embedded: EmbeddedCloud,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Cloud]:
    if request.param == "embedded":
        yield embedded
    else:
        with gateway(tmp_path_factory.mktemp("gateway") / "of", embedded, {}) as started:
            yield started


def assert_depends_on_token(response: Response, cache_control: str = PRIVATE) -> None:
    """Fail unless the headers say to caches that the response depends on the token."""
    values = [value for name, value in response.headers if name.lower() == "vary"]
    assert values[-1:] == ["X-Auth-Token"], str(response)
    values = [value for name, value in response.headers if name.lower() == "cache-control"]
    assert values == [cache_control], str(response)


@pytest.mark.parametrize("user", ["demo", "none", "invalid"], ids=parameter_id)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v2.1/images", None),
        ("HEAD", "/v2.1/images", None),
        ("GET", "/v2.1/images/detail?limit=1", None),
        ("GET", "/v2/images", None),
        ("GET", "/v2.1/images/none", None),
        ("GET", "/v2.1/images?limit=x", None),
        ("DELETE", "/v2.1/images/none", None),
        ("PUT", "/v2.1/images/none/metadata", b"{}"),
        ("POST", "/v2.1/images/none/metadata", b"x"),
        ("GET", "/v2.1/nothing", None),
        ("POST", "/v2.1/images/none/metadata", b" " * 200_000),
    ],
    ids=parameter_id,
)
def test_each_response_of_compute_depends_on_the_token(
    cloud: Cloud, user: str, method: str, path: str, body: bytes | None
) -> None:
    response = cloud.request(user, method, path, body)
    assert_depends_on_token(response)
    if response.header("OpenStack-API-Version"):
        values = [value for name, value in response.headers if name.lower() == "vary"]
        assert values[:-1] == ["OpenStack-API-Version", "X-OpenStack-Nova-API-Version"]


@pytest.mark.parametrize("user", ["demo", "none", "invalid"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/image/v2/images"),
        ("GET", "/image/v2/images/none"),
        ("POST", "/image/v2/images"),
        ("PATCH", "/image/v2/images/none"),
        ("GET", "/image/v2/images/none/file"),
        ("GET", "/image/v2/nothing"),
        ("GET", "/identity/v3/auth/projects"),
        ("GET", "/identity/v3/auth/catalog"),
        ("GET", "/identity/v3/users/none/application_credentials"),
        ("DELETE", "/identity/v3/auth/tokens"),
        ("POST", "/identity/v3/auth/tokens"),
        ("GET", "/identity/v3/nothing"),
    ],
)
def test_each_response_of_the_embedded_apis_depends_on_the_token(
    embedded: EmbeddedCloud, user: str, method: str, path: str
) -> None:
    body = b"{" if method in ("POST", "PATCH") else None
    assert_depends_on_token(embedded.request(user, method, path, body))


def test_a_response_with_a_token_or_a_secret_is_no_store(embedded: EmbeddedCloud) -> None:
    user = {"name": "demo", "domain": {"id": "default"}, "password": PASSWORD}
    login = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}
    path = "/identity/v3/auth/tokens"
    issued = request(embedded.address, "POST", path, JSON, json.dumps(login).encode())
    assert issued.status == 201, str(issued)
    assert_depends_on_token(issued, NO_STORE)
    token = embedded.token("demo") or ""
    headers = {"X-Auth-Token": token, "X-Subject-Token": token}
    shown = request(embedded.address, "GET", path, headers)
    assert_depends_on_token(shown, NO_STORE)
    user_id = shown.json()["token"]["user"]["id"]
    made = embedded.request(
        "demo",
        "POST",
        f"/identity/v3/users/{user_id}/application_credentials",
        b'{"application_credential": {"name": "robot"}}',
    )
    assert made.status == 201, str(made)
    assert_depends_on_token(made, NO_STORE)


def test_a_conditional_request_is_still_304(embedded: EmbeddedCloud) -> None:
    first = embedded.request("demo", "GET", "/v2.1/images")
    again = embedded.request(
        "demo", "GET", "/v2.1/images", headers=[("If-None-Match", first.header("ETag") or "")]
    )
    assert again.status == 304, str(again)
    assert_depends_on_token(again)


@pytest.mark.parametrize("path", ["/", "/v2.1", "/v2"])
def test_version_discovery_is_the_same_for_all_tokens(cloud: Cloud, path: str) -> None:
    response = request(cloud.address, "GET", path)
    assert response.header("Cache-Control") is None, str(response)
    assert "X-Auth-Token" not in str(response)
