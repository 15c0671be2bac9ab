"""Fixtures: an embedded image service."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from glimpse.embedded.service import EmbeddedImageService
from tests.support.embedded import open_images


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[EmbeddedImageService]:
    opened = open_images(tmp_path / "state")
    yield opened
    await opened.close()
