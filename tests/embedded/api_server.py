"""A server process of the Image API alone: `python -m tests.embedded.api_server PORT STATE_DIR`.

Identity is noauth: the token is ``user:project``.
"""

import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from glimpse.embedded.api import image_api
from glimpse.embedded.service import EmbeddedImageService
from glimpse.identity.noauth import NoAuthIdentity


def with_base_url(app: ASGIApp, base_url: str) -> ASGIApp:
    """Set what the whole application would have found out about the request."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        scope["glimpse.base_url"] = base_url
        await app(scope, receive, send)

    return wrapped


def main(port: int, state_dir: Path) -> None:
    """Serve until told to stop."""
    images = image_api(EmbeddedImageService(state_dir), NoAuthIdentity())
    app = Starlette(routes=[Mount("/image", images)])
    uvicorn.run(with_base_url(app, f"http://127.0.0.1:{port}"), port=port, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
