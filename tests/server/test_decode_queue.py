"""Bodies of tiny chunks on many connections do not delay other requests."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.process import GlimpseProcess, cpu_seconds

HEAD = b"POST /v2.1/images HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CONNECTIONS = 30
CPU_SECONDS = 1.0  # to decode all chunks takes 3 s


@pytest.fixture
def process(tmp_path: Path) -> Iterator[GlimpseProcess]:
    with GlimpseProcess(tmp_path / "state") as running:
        yield running


@pytest.mark.parametrize("chunk", [b"1\r\nx\r\n", b"1;\r\nx\r\n"], ids=["plain", "extension"])
def test_a_request_is_served_while_other_clients_send_tiny_chunks(
    process: GlimpseProcess, chunk: bytes
) -> None:
    with ExitStack() as stack:
        before = cpu_seconds(process.pid)
        for _ in range(CONNECTIONS):
            sender = stack.enter_context(socket.create_connection(process.address))
            sender.settimeout(0)
            sender.send(HEAD + chunk * 50_000)
        with socket.create_connection(process.address, timeout=60) as other:
            other.sendall(GET)
            assert other.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert cpu_seconds(process.pid) - before < CPU_SECONDS
        process.kill()  # before it stops it would decode all chunks, which takes 3 s


def test_the_request_after_a_body_of_tiny_chunks_is_served(process: GlimpseProcess) -> None:
    with socket.create_connection(process.address, timeout=60) as connection:
        connection.sendall(HEAD + b"1\r\n{\r\n" * 20_000 + b"0\r\n\r\n" + GET)
        received = b""
        while received.count(b"HTTP/1.1 ") < 2:
            data = connection.recv(65536)
            assert data, received
            received += data
    assert received.startswith(b"HTTP/1.1 401 "), "the body was not read to its end"
    assert b"\r\n\r\n" in received.rpartition(b"HTTP/1.1 200 ")[2]
