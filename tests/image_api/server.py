"""The Image API as a process: `python -m tests.image_api.server PORT STATE_DIR`.

Identity is noauth: the token is ``user:project``.
"""

import sys
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from glimpse.http.service_urls import IMAGE_PATH, ServicePorts
from glimpse.identity.noauth import NoAuthIdentity
from glimpse.image_api import image_api
from tests.support.embedded import open_images


def mounted(app: ASGIApp, base_url: str) -> ASGIApp:
    """Mount `app`, and set what the whole application would have found out about the request."""

    ports = ServicePorts(0, has_identity_api=False)

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        more = {
            "glimpse.base_url": base_url + IMAGE_PATH,
            "glimpse.service_urls": ports.urls(base_url, None),
            "root_path": IMAGE_PATH,
        }
        await app({**scope, **more}, receive, send)

    return wrapped


def main(port: int, state_dir: Path) -> None:
    """Serve until SIGTERM."""
    images = image_api(open_images(state_dir), NoAuthIdentity())
    app = mounted(images, f"http://127.0.0.1:{port}")
    uvicorn.run(app, port=port, log_level="warning", lifespan="off")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
