"""MountedApis: which API serves a path."""

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from glimpse.http.mounted_apis import MountedApis
from glimpse.http.responses import send_response
from tests.support.asgi import send_request


def api(name: str) -> ASGIApp:
    """Return an API that responds with its name, the path and the root path."""

    async def respond(scope: Scope, _receive: Receive, send: Send) -> None:
        text = f"{name} {scope['path']} {scope['root_path']}"
        await send_response(send, 200, [], text.encode())

    return respond


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/image", "image /image /image"),
        ("/image/v2/images", "image /image/v2/images /image"),
        ("//image//v2", "image /image/v2 /image"),
        ("/identity/v3", "identity /identity/v3 /identity"),
        ("/images", "compute /images "),
        ("/v2.1/image", "compute /v2.1/image "),
        ("/v2.1//image", "compute /v2.1//image "),
        ("/", "compute / "),
    ],
)
async def test_the_first_part_of_the_path_chooses_the_api(path: str, seen: str) -> None:
    apis = {"/image": api("image"), "/identity": api("identity")}
    response = await send_request(MountedApis(apis, default=api("compute")), "GET", path)
    assert response.body.decode() == seen


async def test_without_mounted_apis_everything_is_the_default() -> None:
    response = await send_request(MountedApis({}, default=api("compute")), "GET", "/image")
    assert response.body == b"compute /image "
