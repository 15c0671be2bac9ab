"""How answers leave, seen on the wire of a real process."""

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


def _answer(connection: socket.socket) -> tuple[bytes, bytes]:
    """The next answer that has a length: head and body."""
    said = b""
    while b"\r\n\r\n" not in said:
        said += _some(connection)
    head, _, body = said.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += _some(connection)
    assert len(body) == length, said
    return head, body


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    assert data, "the connection has ended"
    return data


def test_head_and_body_of_an_answer_leave_together(connection: socket.socket) -> None:
    connection.sendall(GET)
    head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    assert body.endswith(b"}"), "a client has to wait for what it wants"


def test_an_answer_without_a_body_leaves_at_once(connection: socket.socket) -> None:
    connection.sendall(GET.replace(b"GET", b"HEAD"))
    head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    assert not body


def test_a_body_that_waits_to_be_wanted_is_asked_for_first(connection: socket.socket) -> None:
    connection.sendall(METADATA + b"Expect: 100-continue\r\n\r\n")
    assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(b"{}")
    assert _answer(connection)[0].startswith(b"HTTP/1.1 401 ")


def test_requests_sent_at_once_are_answered_in_turn(connection: socket.socket) -> None:
    connection.sendall(GET + METADATA + b"\r\n{}" + GET.replace(b"/ ", b"/v2.1 "))
    said = b""
    while said.count(b"HTTP/1.1 ") < 3 or not said.endswith(b"}}"):
        said += _some(connection)
    parts = said.split(b"HTTP/1.1 ")[1:]
    assert [part[:3] for part in parts] == [b"200", b"401", b"200"], said
    assert b'"version": {' in parts[2]


@pytest.mark.parametrize(
    ("request_", "says_so"),
    [
        (GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), True),
        (GET.replace(b"1.1", b"1.0"), True),
        (GET, False),
    ],
    ids=["wished", "HTTP/1.0", "kept"],
)
def test_a_connection_that_will_end_is_said_to(
    connection: socket.socket, request_: bytes, *, says_so: bool
) -> None:
    connection.sendall(request_)
    assert (b"connection: close" in _answer(connection)[0].lower()) is says_so
    if says_so:
        assert not connection.recv(65536)
