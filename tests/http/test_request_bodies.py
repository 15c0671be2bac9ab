"""Request bodies, and bodies that look like requests, sent to a running process."""

from collections.abc import Iterator

import pytest

from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.process import GlimpseProcess
from tests.support.raw_connection import RawConnection

USER = Member("user", "e" * 32)
GOOD = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    state_dir = tmp_path_factory.mktemp("request-bodies") / "state"
    seed_identity(state_dir, [USER])
    with GlimpseProcess(state_dir) as process:
        yield EmbeddedCloud(process)


H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA\r\n"
UPGRADES = {
    "h2c": H2C,
    "websocket": b"connection: keep-alive, upgrade\r\nUPGRADE: websocket\r\n",
    "several": b"Upgrade: TLS/1.2\r\nUpgrade: foo\r\nConnection: upgrade\r\n",
    "without connection": b"Upgrade: h2c\r\n",
    "connection only": b"Connection: Upgrade\r\n",
}


def _framed(body: bytes, *, chunked: bool) -> bytes:
    """Return the headers that frame a body, the empty line, and the body."""
    if not chunked:
        return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    half = len(body) // 2
    chunks = b"%x\r\n%b\r\n%X;a=b\r\n%b\r\n0\r\nTrailer: x\r\n\r\n"
    parts = (half, body[:half], len(body) - half, body[half:])
    return b"Transfer-Encoding: Chunked\r\n\r\n" + chunks % parts


@pytest.mark.parametrize("upgrade", UPGRADES)
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("cut", ["whole", "after the head", "in the body", "byte by byte"])
def test_the_body_after_an_upgrade_header_is_uploaded(
    cloud: EmbeddedCloud, upgrade: str, cut: str, *, chunked: bool
) -> None:
    image = b'{"name": "x", "disk_format": "raw", "container_format": "bare"}'
    image_id = cloud.request("user", "POST", "/image/v2/images", image).json()["id"]
    token = (cloud.token("user") or "").encode()
    body = bytes(range(256)) * 4
    data = (
        b"PUT /image/v2/images/%b/file HTTP/1.1\r\nHost: x\r\nX-Auth-Token: %b\r\n%b"
        b"Content-Type: application/octet-stream\r\n"
    ) % (image_id.encode(), token, UPGRADES[upgrade])
    data += _framed(body, chunked=chunked)
    at = {"whole": len(data), "after the head": data.index(b"\r\n\r\n") + 4}.get(
        cut, len(data) - 99
    )
    with RawConnection(cloud.address, slowly=cut == "byte by byte") as connection:
        connection.send(data[:at])
        connection.send(data[at:])
        response = connection.response("PUT")
        assert response.status == 204, str(response)
        connection.send(GOOD)
        assert connection.response().status == 200
    shown = cloud.request("user", "GET", f"/image/v2/images/{image_id}").json()
    assert (shown["status"], shown["size"]) == ("active", len(body))
    assert cloud.request("user", "GET", f"/image/v2/images/{image_id}/file").body == body


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "FOO"])
@pytest.mark.parametrize("path", ["/", "/v2.1/images", "/v2", "/image/v2/images", "/identity/v3"])
def test_a_body_is_never_parsed_as_the_next_request(
    cloud: EmbeddedCloud, path: str, method: str, *, chunked: bool
) -> None:
    """The body looks like a request; requests with other methods are sent before and after it."""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n".encode() + H2C
    other = b"FOO /no HTTP/1.1\r\nHost: x\r\n\r\n"
    with RawConnection(cloud.address) as connection:
        connection.send(other + head + _framed(other, chunked=chunked) + other + GOOD)
        statuses = [connection.response().status for _ in range(4)]
    assert [statuses[0], statuses[2], statuses[3]] == [300, 300, 200]
    assert statuses[1] < 500


@pytest.mark.parametrize(
    "body",
    [
        *(b"x\r\n", b"+1\r\nx\r\n0\r\n\r\n", b"1_0\r\n", b"-1\r\n", b"0x1\r\nx\r\n", b"\r\n\r\n"),
        *(b"1\r\nxx\r\n0\r\n\r\n", b"1\nx\r\n", b"1\r\nx\n0\r\n\r\n", b"0\r\nno trailer\r\n\r\n"),
        *(b"f" * 17 + b"\r\n", b"1;\0\r\nx\r\n0\r\n\r\n"),
    ],
)
@pytest.mark.parametrize("slowly", [False, True])
def test_invalid_chunks_are_refused(cloud: EmbeddedCloud, body: bytes, *, slowly: bool) -> None:
    head = b"POST /v2.1/images HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with RawConnection(cloud.address, slowly=slowly) as connection:
        connection.send(head + body)
        assert connection.response("POST").status == 400
        assert connection.is_closed()


def test_a_body_that_is_refused_unread_closes_the_connection(cloud: EmbeddedCloud) -> None:
    """The client may or may not send the body after a response other than 100."""
    head = b"POST /v2.1/images/x/metadata HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
    with RawConnection(cloud.address) as connection:
        connection.send(head + b"Content-Length: 999999999\r\n\r\n")
        response = connection.response("POST")
        assert (response.status, response.header("Connection")) == (413, "close"), str(response)
        connection.send(b"x" * 1_000_000)
        assert connection.is_closed()
