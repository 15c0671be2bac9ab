"""Repeated slashes in paths, which clients create when they join a base URL and a path."""

from pathlib import Path

import pytest

from glimpse.app.reload import ReloadableApplication
from glimpse.settings import load_settings
from tests.support.asgi import send_request

# The intended path, and the path that a client sends which does not normalize base URLs.
PATHS = (
    ("/v2.1/images", "//v2.1//images"),
    ("/image/v2/images", "/image//v2/images"),
    ("/image/v2/images", "//image/v2//images"),
    ("/image/v2/images", "/image/v2//v2/images"),
    ("/image", "//image//"),
    ("/identity/v3", "//identity//v3/"),
    ("/identity/v3/auth/tokens", "/identity//v3/auth/tokens/"),
    ("/identity/v3/auth/projects", "/identity/v3//auth/projects"),
)


@pytest.mark.parametrize(("path", "sent"), PATHS)
async def test_repeated_slashes_count_as_one(tmp_path: Path, path: str, sent: str) -> None:
    application = ReloadableApplication(load_settings([], {"glimpse.state_dir": str(tmp_path)}))
    try:
        meant, response = [await send_request(application, "GET", each) for each in (path, sent)]
    finally:
        await application.close()
    assert meant.status in (200, 300, 401), str(meant)
    assert (response.status, response.body) == (meant.status, meant.body)
