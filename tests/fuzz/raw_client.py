"""Sends the cases of the raw fuzzer and checks the responses."""

import asyncio
import re
import time

from tests.fuzz.connection import HANG_SECONDS, BadResponse, read_response
from tests.fuzz.raw import Case

_IDLE_SECONDS = 0.1  # after this time without more bytes, a response counts as complete
_SERVER_ERROR = re.compile(rb"HTTP/1\.1 (5(?!01)\d\d) ")
_UPSTREAM_ERROR = re.compile(rb"HTTP/1\.1 50[23] ")


async def run_case(port: int, case: Case, *, is_gateway: bool) -> tuple[list[int], float]:
    """Send a case over a new connection; return the status codes and the duration in seconds.

    With `is_gateway`, 502 and 503 are no errors. Raises BadResponse for an invalid response, a
    server error, or fewer responses than the case expects, and TimeoutError if there is none.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    began = time.perf_counter()
    try:
        async with asyncio.timeout(HANG_SECONDS):
            await _send(writer, case.packets)
            if case.responses is not None:
                found = [await _counted(reader, n, case) for n in range(case.responses)]
                return found, time.perf_counter() - began
            received = await _read_any(reader, writer, case)
    finally:
        writer.transport.abort()
    seconds = max(time.perf_counter() - began - _IDLE_SECONDS, 0)
    if is_gateway:
        received = _UPSTREAM_ERROR.sub(b"HTTP/1.1 400 ", received)
    if received and not received.startswith(b"HTTP/1.1 "):
        raise BadResponse(f"not HTTP: {received[:100]!r}")
    if found_error := _SERVER_ERROR.search(received):
        raise BadResponse(f"status {found_error[1].decode()}")
    return [int(received[9:12])] if received else [], seconds


async def _send(writer: asyncio.StreamWriter, packets: tuple[bytes, ...]) -> None:
    try:
        for packet in packets:
            writer.write(packet)
            await writer.drain()
            await asyncio.sleep(0.002 if len(packets) < 10 else 0)
    except ConnectionError:
        return  # the server responded early and closed; its response can be read


async def _counted(reader: asyncio.StreamReader, number: int, case: Case) -> int:
    try:
        response = await read_response(reader, "GET")
    except (ConnectionError, asyncio.IncompleteReadError) as error:
        raise BadResponse(f"{number} responses instead of {case.responses}: {error!r}") from None
    if response.status == 500:
        raise BadResponse(f"status {response.status}")
    return response.status


async def _read_any(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, case: Case
) -> bytes:
    """Read until the server closes the connection, or pauses after a response."""
    received = bytearray()
    ended = case.complete
    while True:
        timeout = _IDLE_SECONDS if received or not ended else HANG_SECONDS
        try:
            async with asyncio.timeout(timeout):
                piece = await reader.read(1 << 16)
        except TimeoutError:
            if received:
                break
            if ended:
                raise
            ended = True
            writer.write_eof()
            continue
        except ConnectionError:
            break
        if not piece:
            break
        received += piece
    return bytes(received)
