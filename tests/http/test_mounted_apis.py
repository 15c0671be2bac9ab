"""MountedApis: which API serves a port and a path."""

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from glimpse.http.mounted_apis import MountedApis
from glimpse.http.responses import send_response
from tests.support.asgi import send_request


def api(name: str) -> ASGIApp:
    """Return an API that responds with its name, the path, the root path and the base URL."""

    async def respond(scope: Scope, _receive: Receive, send: Send) -> None:
        text = f"{name} {scope['path']} {scope['root_path']} {scope['glimpse.base_url']}"
        await send_response(send, 200, [], text.encode())

    return respond


def with_base_url(app: ASGIApp) -> ASGIApp:
    """Set the base URL of each request to ``http://here``."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "glimpse.base_url": "http://here"}, receive, send)

    return wrapped


IMAGE, IDENTITY = api("image"), api("identity")
MOUNTED = with_base_url(
    MountedApis(
        {"/image": IMAGE, "/identity": IDENTITY},
        default=api("compute"),
        ports={9292: IMAGE, 5000: IDENTITY},
    )
)


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/image", "image /image /image http://here/image"),
        ("/image/v2/images", "image /image/v2/images /image http://here/image"),
        ("//image//v2", "image /image/v2 /image http://here/image"),
        ("/identity/v3", "identity /identity/v3 /identity http://here/identity"),
        ("/images", "compute /images  http://here"),
        ("/v2.1/image", "compute /v2.1/image  http://here"),
        ("/v2.1//image", "compute /v2.1//image  http://here"),
        ("/", "compute /  http://here"),
    ],
)
async def test_the_first_part_of_the_path_chooses_the_api(path: str, seen: str) -> None:
    response = await send_request(MOUNTED, "GET", path)
    assert response.body.decode() == seen


@pytest.mark.parametrize(
    ("port", "path", "seen"),
    [
        (9292, "/", "image /  http://here"),
        (9292, "//v2//images", "image /v2/images  http://here"),
        (9292, "/identity/v3", "image /identity/v3  http://here"),
        (5000, "/v3", "identity /v3  http://here"),
        (5001, "/v3", "compute /v3  http://here"),
    ],
)
async def test_a_port_of_its_own_has_one_api_at_the_root(port: int, path: str, seen: str) -> None:
    response = await send_request(MOUNTED, "GET", path, port=port)
    assert response.body.decode() == seen


async def test_without_mounted_apis_everything_is_the_default() -> None:
    app = with_base_url(MountedApis({}, default=api("compute")))
    response = await send_request(app, "GET", "/image", port=9292)
    assert response.body == b"compute /image  http://here"
