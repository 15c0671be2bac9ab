"""A service of its own for every test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from glimpse.embedded.service import EmbeddedImageService


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[EmbeddedImageService]:
    opened = EmbeddedImageService.open(tmp_path / "state")
    yield opened
    await opened.close()
