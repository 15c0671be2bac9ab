"""CORS: which headers the responses to the scripts of web pages have."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from glimpse.http.cors import CorsMiddleware, CorsPolicy
from glimpse.http.request_middleware import RequestMiddleware
from glimpse.http.service_urls import ServicePorts
from glimpse.settings import load_settings
from tests.support.asgi import send_request
from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.http import Response, request
from tests.support.process import GlimpseProcess, free_port

PAGE = "https://horizon.example.com"
CONFIGURATION = f"""
[cors]
allowed_origin = {PAGE}, http://localhost:3000
"""


def headers_of(policy: CorsPolicy, method: str = "GET", **headers: str) -> dict[str, str]:
    """Return the headers that the policy adds; ``_`` in a name stands for ``-``."""
    pairs = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
    added = policy.response_headers(method, pairs)
    return {name.decode(): value.decode() for name, value in added}


def policy(**changes: object) -> CorsPolicy:
    """Return a policy for PAGE with the declared defaults but for `changes`."""
    options = asdict(load_settings().cors) | {"allowed_origin": [PAGE]} | changes
    return CorsPolicy(**options)


def preflight(policy: CorsPolicy, method: str, *names: str, origin: str = PAGE) -> dict[str, str]:
    return headers_of(
        policy,
        "OPTIONS",
        origin=origin,
        access_control_request_method=method,
        access_control_request_headers=", ".join(names),
    )


def test_a_request_of_an_allowed_origin_gets_headers() -> None:
    assert headers_of(policy(expose_headers=["ETag", "Link"]), origin=PAGE) == {
        "vary": "Origin",
        "access-control-allow-origin": PAGE,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "ETag,Link",
    }


def test_by_default_scripts_can_read_the_new_token() -> None:
    exposed = headers_of(policy(), origin=PAGE)["access-control-expose-headers"].split(",")
    assert {"X-Subject-Token", "X-Openstack-Request-Id"} <= {*exposed}


@pytest.mark.parametrize(
    "origin", ["https://horizon.example.com/", "https://HORIZON.example.com", "null", "", "*"]
)
def test_another_origin_gets_no_headers(origin: str) -> None:
    assert headers_of(policy(), origin=origin) == {}
    assert preflight(policy(), "GET", origin=origin) == {}


def test_a_request_without_an_origin_gets_no_headers() -> None:
    assert headers_of(policy(allowed_origin=["*"])) == {}


def test_a_star_allows_all_origins_but_names_one_that_is_listed() -> None:
    several = policy(allowed_origin=["*", PAGE])
    assert headers_of(several, origin="http://a")["access-control-allow-origin"] == "*"
    assert headers_of(several, origin=PAGE)["access-control-allow-origin"] == PAGE


def test_a_preflight_request_gets_the_method_and_headers_that_it_asks_for() -> None:
    assert preflight(policy(), "PATCH", "x-auth-token", "content-type") == {
        "vary": "Origin",
        "access-control-allow-origin": PAGE,
        "access-control-allow-credentials": "true",
        "access-control-max-age": "3600",
        "access-control-allow-methods": "PATCH",
        "access-control-allow-headers": "x-auth-token,content-type",
    }


def test_a_preflight_request_for_something_not_allowed_gets_no_headers() -> None:
    assert preflight(policy(), "TRACE") == {}
    assert preflight(policy(), "get") == {}
    assert preflight(policy(), "GET", "x-auth-token", "x-other") == {}
    assert headers_of(policy(), "OPTIONS", origin=PAGE) == {}


def test_headers_that_options_turn_off_are_missing() -> None:
    names = {*preflight(policy(allow_credentials=False, max_age=0), "GET")}
    assert names == {"vary", "access-control-allow-origin", "access-control-allow-methods"}
    assert "access-control-expose-headers" not in headers_of(policy(expose_headers=[]), origin=PAGE)


def test_a_line_break_in_an_option_is_escaped() -> None:
    exposed = headers_of(policy(expose_headers=["A\nB: c"]), origin=PAGE)
    assert exposed["access-control-expose-headers"] == "A\\nB: c"


def test_repeated_origins_are_no_allowed_origin() -> None:
    pairs = [(b"origin", PAGE.encode()), (b"origin", PAGE.encode())]
    assert policy().response_headers("GET", pairs) == []


async def test_an_unhandled_exception_is_a_500_that_scripts_can_read() -> None:
    async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ZeroDivisionError

    app = RequestMiddleware(
        fail, ports=ServicePorts(8774), trust_proxy_headers=False, access_log=False
    )
    response = await send_request(CorsMiddleware(app, policy()), "GET", "/", {"Origin": PAGE})
    assert (response.status, allows_page(response)) == (500, True)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    """A cloud whose APIs two origins may use."""
    directory: Path = tmp_path_factory.mktemp("cors")
    conf = directory / "glimpse.conf"
    conf.write_text(CONFIGURATION)
    seed_identity(directory / "state", [Member("demo", "a" * 32)])
    with GlimpseProcess(directory / "state", arguments=["--config-file", str(conf)]) as process:
        yield EmbeddedCloud(process)


def allows_page(response: Response) -> bool:
    """Return True if a script of PAGE can read the response; assert that caches know why."""
    is_allowed = response.header("access-control-allow-origin") == PAGE
    varies = [value for name, value in response.headers if name.lower() == "vary"]
    assert ("Origin" in varies) is is_allowed
    return is_allowed


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/v2.1", "/v2.1/images", "/v2.1/images/x/metadata/k", "/v2/nowhere", "/nowhere"),
        *("/image", "/image/v2/images", "/image/v2/nowhere", "/identity/v3"),
        *("/identity/v3/auth/tokens", "/identity/v3/nowhere", "/healthcheck", "/readiness"),
    ],
)
def test_preflight_requests_need_no_token(cloud: EmbeddedCloud, path: str) -> None:
    asked = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-auth-token",
    }
    response = request(cloud.address, "OPTIONS", path, asked)
    assert 200 <= response.status < 300, str(response)
    assert allows_page(response)
    assert response.header("access-control-allow-headers") == "content-type,x-auth-token"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/v2.1/images", {}, 401),
        ("GET", "/image/v2/images", {}, 401),
        ("POST", "/identity/v3/auth/tokens", {}, 400),
        ("GET", "/identity/v3/projects", {}, 401),
        ("GET", "/identity/v3/nowhere", {}, 404),
        ("PUT", "/v2.1/images", {"Content-Length": "10000000"}, 413),
        ("GET", "/nowhere", {}, 300),
        ("GET", "/healthcheck", {}, 200),
    ],
)
def test_errors_have_the_headers_too(
    cloud: EmbeddedCloud, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    response = request(cloud.address, method, path, {"Origin": PAGE, **headers})
    assert (response.status, allows_page(response)) == (status, True), str(response)
    other = request(cloud.address, method, path, {"Origin": "http://other.example", **headers})
    assert (other.status, allows_page(other)) == (status, False)


def test_a_repeated_token_header_is_400_with_the_headers(cloud: EmbeddedCloud) -> None:
    pairs = [("X-Auth-Token", "a"), ("X-Auth-Token", "b"), ("Origin", PAGE)]
    response = request(cloud.address, "GET", "/v2.1/images", pairs)
    assert (response.status, allows_page(response)) == (400, True)


def test_a_list_can_be_read(cloud: EmbeddedCloud) -> None:
    response = cloud.request("demo", "GET", "/v2.1/images", headers=[("Origin", PAGE)])
    assert (response.status, allows_page(response)) == (200, True)


def test_a_503_of_a_gateway_has_the_headers(tmp_path: Path) -> None:
    conf = tmp_path / "glimpse.conf"
    conf.write_text(
        "[glimpse]\nimage_service = glance\n[api]\nauth_strategy = noauth\n"
        f"[glance]\napi_servers = http://127.0.0.1:{free_port()}\nnum_retries = 0\n"
        f"[metrics]\nport = 0\n{CONFIGURATION}"
    )
    sent = {"X-Auth-Token": "user:project", "Origin": PAGE}
    with GlimpseProcess(tmp_path / "state", arguments=["--config-file", str(conf)]) as process:
        response = request(process.address, "GET", "/v2.1/images", sent)
    assert (response.status, allows_page(response)) == (503, True), str(response)


def test_without_an_allowed_origin_there_are_no_headers(tmp_path: Path) -> None:
    with GlimpseProcess(tmp_path / "state") as process:
        response = request(process.address, "GET", "/", {"Origin": PAGE})
        asked = {"Origin": PAGE, "Access-Control-Request-Method": "GET"}
        for each in (response, request(process.address, "OPTIONS", "/v2.1/images", asked)):
            assert each.status == 200
            assert not [name for name, _ in each.headers if name.startswith("access-control")]


async def test_a_message_that_an_application_sends_twice_gets_the_headers_once() -> None:
    """A fault with ``stale_for`` sends an earlier response again."""
    start = {"type": "http.response.start", "status": 200, "headers": []}

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(start)
        await send({"type": "http.response.body"})

    served = CorsMiddleware(app, policy())
    for _ in range(2):
        response = await send_request(served, "GET", "/", {"Origin": PAGE})
        values = [value for name, value in response.headers if name.startswith("access-control-a")]
        assert values == [PAGE, "true"], str(response)
    assert start["headers"] == []
