"""Fixtures: a new embedded image service for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from glimpse.embedded.service import EmbeddedImageService
from tests.support.embedded import open_images


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state directory of the service."""
    return tmp_path / "state"


@pytest.fixture
async def service(state: Path) -> AsyncIterator[EmbeddedImageService]:
    opened = open_images(state)
    yield opened
    await opened.close()
