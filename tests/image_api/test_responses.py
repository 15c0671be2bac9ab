"""A response with image data closes the data, however the response ends."""

from pathlib import Path

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from glimpse.embedded.image_data import DataPieces
from glimpse.image_api.responses import DataResponse


@pytest.mark.parametrize("sent_before", [0, 1])
async def test_the_data_is_closed_if_the_client_disconnects(
    tmp_path: Path, sent_before: int
) -> None:
    path = tmp_path / "image"
    path.write_bytes(b"data")
    file = path.open("rb", buffering=0)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        if len(sent) == sent_before:
            raise OSError
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    response = DataResponse(DataPieces(file, path, 0, 4), 200, {})
    scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
    with pytest.raises(ClientDisconnect):
        await response(scope, receive, send)
    assert file.closed
