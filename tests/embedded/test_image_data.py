"""Data is read in pieces, and its file is closed whenever the reading ends."""

import asyncio
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from glimpse.embedded.image_data import CHUNK_SIZE, ImageData

SIZE = CHUNK_SIZE + 1


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[FileIO]:
    """The files that were opened."""
    files: list[FileIO] = []
    original = Path.open

    def record(path: Path, *arguments: Any, **named: Any) -> Any:
        files.append(original(path, *arguments, **named))
        return files[-1]

    monkeypatch.setattr(Path, "open", record)
    return files


@pytest.fixture
def data(tmp_path: Path) -> ImageData:
    path = tmp_path / "image"
    path.write_bytes(bytes(SIZE))
    return ImageData(SIZE, None, path)


@pytest.mark.parametrize(("pieces_read", "is_closed"), [(0, False), (1, False), (3, True)])
async def test_the_file_is_closed_after_the_last_piece_or_by_the_reader(
    data: ImageData, opened: list[FileIO], pieces_read: int, *, is_closed: bool
) -> None:
    pieces = await data.read()
    for _ in range(pieces_read):
        await anext(pieces, None)
    assert opened[0].closed is is_closed
    await pieces.aclose()
    assert opened[0].closed
    assert [piece async for piece in pieces] == []


async def test_no_file_is_opened_for_an_empty_range(data: ImageData, opened: list[FileIO]) -> None:
    assert [piece async for piece in await data.read(5, 5)] == []
    assert opened == []


async def test_a_file_that_opens_for_a_cancelled_reader_is_closed(
    data: ImageData, opened: list[FileIO]
) -> None:
    reading = asyncio.create_task(data.read())
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await asyncio.to_thread(lambda: None)
    await asyncio.get_running_loop().shutdown_default_executor()
    await asyncio.sleep(0)
    assert [file.closed for file in opened] == [True]
