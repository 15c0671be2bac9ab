"""The bytes and packets of responses that a client of a running process receives."""

import socket
from collections.abc import Iterator

import pytest

from tests.support.process import GlimpseProcess

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
METADATA = b"POST /v2.1/images/x/metadata HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GlimpseProcess]:
    with GlimpseProcess(tmp_path_factory.mktemp("protocol") / "state") as running:
        yield running


@pytest.fixture
def connection(process: GlimpseProcess) -> Iterator[socket.socket]:
    with socket.create_connection(process.address, timeout=10) as connected:
        yield connected


def _read_response(connection: socket.socket) -> tuple[bytes, bytes]:
    """Read a response with a Content-Length; return head and body."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _receive(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += _receive(connection)
    assert len(body) == length, received
    return head, body


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    assert data, "the connection was closed"
    return data


def test_head_and_body_of_a_response_arrive_in_one_packet(connection: socket.socket) -> None:
    connection.sendall(GET)
    head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    assert body.endswith(b"}"), "the body was not in the first packet"


def test_a_response_without_a_body_arrives_in_one_packet(connection: socket.socket) -> None:
    connection.sendall(GET.replace(b"GET", b"HEAD"))
    head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    assert not body


def test_a_client_that_expects_100_continue_receives_it(connection: socket.socket) -> None:
    connection.sendall(METADATA + b"Expect: 100-continue\r\n\r\n")
    assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(b"{}")
    assert _read_response(connection)[0].startswith(b"HTTP/1.1 401 ")


def test_pipelined_requests_get_their_responses_in_order(connection: socket.socket) -> None:
    connection.sendall(GET + METADATA + b"\r\n{}" + GET.replace(b"/ ", b"/v2.1 "))
    received = b""
    while received.count(b"HTTP/1.1 ") < 3 or not received.endswith(b"}}"):
        received += _receive(connection)
    parts = received.split(b"HTTP/1.1 ")[1:]
    assert [part[:3] for part in parts] == [b"200", b"401", b"200"], received
    assert b'"version": {' in parts[2]


@pytest.mark.parametrize(
    ("request_", "closes"),
    [
        (GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), True),
        (GET.replace(b"1.1", b"1.0"), True),
        (GET, False),
    ],
    ids=["Connection: close", "HTTP/1.0", "HTTP/1.1"],
)
def test_the_connection_header_says_if_the_connection_closes(
    connection: socket.socket, request_: bytes, *, closes: bool
) -> None:
    connection.sendall(request_)
    assert (b"connection: close" in _read_response(connection)[0].lower()) is closes
    if closes:
        assert not connection.recv(65536)
