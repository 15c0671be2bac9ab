"""Unusual and invalid requests to a running process: each gets exactly one response.

Each request is sent alone, after another one, together with another one, and byte by byte.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.process import GlimpseProcess
from tests.support.raw_connection import RawConnection

GOOD = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
MANY = b"".join(b"X-%d: y\r\n" % number for number in range(9000))

# A request line with headers, the status of the response, and if the connection stays open.
REQUESTS = {
    "unknown method": (b"FOO / HTTP/1.1\r\nHost: x\r\n\r\n", 200, True),
    "unknown method and path": (b"FOO /v2.1/images HTTP/1.1\r\nHost: x\r\n\r\n", 401, True),
    "lower-case method": (b"get /no HTTP/1.1\r\nHost: x\r\n\r\n", 300, True),
    "method of httptools": (b"MKCOL /v2.1/x HTTP/1.1\r\nHost: x\r\n\r\n", 401, True),
    "connect": (b"CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", 400, False),
    "connect with body": (
        b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /",
        400,
        False,
    ),
    **{
        f"connect to {target.decode()}": (
            b"CONNECT %b HTTP/1.1\r\nHost: x\r\n\r\n" % target,
            400,
            False,
        )
        for target in (
            *(b"/", b"*", b"http://x/", b"healthcheck", b"/healthcheck", b"/readiness"),
            *(b"/v2.1/images", b"/image/v2/images", b"/identity/v3"),
        )
    },
    "connect in lower case": (b"connect /v2.1 HTTP/1.1\r\nHost: x\r\n\r\n", 200, True),
    "HTTP/1.0": (b"GET / HTTP/1.0\r\n\r\n", 200, False),
    "no host": (b"GET / HTTP/1.1\r\nX: y\r\n\r\n", 400, False),
    "no headers": (b"GET / HTTP/1.1\r\n\r\n", 400, False),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400, False),
    "two hosts in HTTP/1.0": (b"GET / HTTP/1.0\r\nHost: x\r\nhost: y\r\n\r\n", 400, False),
    "host with a slash": (b"GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", 400, False),
    "host with a space": (b"GET / HTTP/1.1\r\nHost: x y\r\n\r\n", 400, False),
    "host with a user": (b"GET / HTTP/1.1\r\nHost: u@x\r\n\r\n", 400, False),
    "host with a list": (b"GET / HTTP/1.1\r\nHost: x, y\r\n\r\n", 400, False),
    "host with a bad port": (b"GET / HTTP/1.1\r\nHost: x:y\r\n\r\n", 400, False),
    "host with a quote": (b'GET / HTTP/1.1\r\nHost: x"\r\n\r\n', 400, False),
    "host not in ASCII": (b"GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n", 400, False),
    "host too long": (b"GET / HTTP/1.1\r\nHost: " + b"x" * 9000 + b"\r\n\r\n", 400, False),
    "unclosed address": (b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, False),
    "address and port": (b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200, True),
    "address with a zone": (b"GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n", 200, True),
    "name and port": (b"GET / HTTP/1.1\r\nhost:\ta_b.example:8774\r\n\r\n", 200, True),
    "HTTP/0.9 without version": (b"GET /\r\n", 400, False),
    "HTTP/0.9": (b"GET / HTTP/0.9\r\nHost: x\r\n\r\n", 400, False),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\nHost: x\r\n\r\n", 400, False),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 400, False),
    "HTTP/3": (b"GET / HTTP/3\r\nHost: x\r\n\r\n", 400, False),
    "HTTP/2 with prior knowledge": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, False),
    "http in lower case": (b"GET / http/1.1\r\nHost: x\r\n\r\n", 400, False),
    "version of many digits": (b"GET / HTTP/1.11\r\nHost: x\r\n\r\n", 400, False),
    "no target": (b"GET HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
    "two targets": (b"GET / / HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
    "garbage": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, False),
    "words": (b"hello there\r\n", 400, False),
    "a method without end": (b"A" * 2000, 400, False),
    "control character in the target": (b"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
    "target not in ASCII": (b"GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
    "target without a slash": (b"GET v2.1 HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 200, True),
    "asterisk of GET": (b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
    "authority": (b"GET x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
    "absolute": (b"GET http://x/v2.1 HTTP/1.1\r\nHost: x\r\n\r\n", 200, True),
    "absolute without a path": (b"GET http://x HTTP/1.1\r\nHost: x\r\n\r\n", 200, True),
    "absolute with a query": (b"GET http://x?a=b HTTP/1.1\r\nHost: x\r\n\r\n", 200, True),
    "absolute with a fragment": (b"GET HTTPS://x#a HTTP/1.1\r\nHost: x\r\n\r\n", 200, True),
    "absolute options": (b"OPTIONS http://x HTTP/1.1\r\nHost: x\r\n\r\n", 200, True),
    "absolute with a user": (b"GET http://u:p@x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
    "absolute without a host": (b"GET http:///v2.1 HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
    "absolute of another scheme": (b"GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
    "absolute and no host header": (b"GET http://x/ HTTP/1.1\r\n\r\n", 400, False),
    "length and coding": (
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"0\r\n\r\n"
        ),
        400,
        False,
    ),
    "length with many zeros": (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %b1\r\n\r\nx" % (b"0" * 5000),
        400,
        False,
    ),
    "two lengths": (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        400,
        False,
    ),
    **{
        f"length {length[:20].decode('latin-1')!r}": (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %b\r\n\r\n" % length,
            400,
            False,
        )
        for length in (
            *(b"+5", b"-5", b"1_0", b"0x5", b"5,5", b"5 5", b"", b"five", b"5.0", b"1e1"),
            *(b"9" * 5000, b"\xd9\xa5", b"\xb2", b"18446744073709551616"),
        )
    },
    **{
        f"coding {coding.decode()!r}": (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: %b\r\n\r\n0\r\n\r\n" % coding,
            400,
            False,
        )
        for coding in (b"gzip", b"gzip, chunked", b"chunked, chunked", b"xchunked", b"identity")
    },
    "coding of HTTP/1.0": (
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        False,
    ),
    "folded header": (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400, False),
    "space before the colon": (b"GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", 400, False),
    "no colon": (b"GET / HTTP/1.1\r\nHost: x\r\nA\r\n\r\n", 400, False),
    "no name": (b"GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", 400, False),
    "only line feeds": (b"GET / HTTP/1.1\nHost: x\n\n", 400, False),
    "one line feed": (b"GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", 400, False),
    "NUL": (b"GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n", 400, False),
    "carriage return": (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400, False),
    "lines before": (b"\r\n\r\n" + GOOD, 200, True),
    "unknown expectation": (b"GET / HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\n\r\n", 417, False),
    "expectation without a body": (
        b"GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\n\r\n",
        200,
        True,
    ),
    "expectation of HTTP/1.0": (b"GET / HTTP/1.0\r\nExpect: 200-ok\r\n\r\n", 200, False),
    "upgrade": (
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        200,
        True,
    ),
    "long headers": (b"GET / HTTP/1.1\r\nHost: x\r\n" + MANY + b"\r\n", 431, False),
    "long headers without end": (b"GET / HTTP/1.1\r\nHost: x\r\n" + MANY, 431, False),
    "long target": (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431, False),
    "long line of an odd method": (b"FOO /" + b"x" * 70_000, 431, False),
    "largest head": (
        b"GET /v2.1/x HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 65_490 + b"\r\n\r\n",
        401,
        True,
    ),
    **{
        f"two {name.decode()}": (
            b"GET /v2.1/images HTTP/1.1\r\nHost: x\r\n%b: a\r\n%b: a\r\n\r\n"
            % (name, name.upper()),
            400,
            True,
        )
        for name in (b"X-Auth-Token", b"X-Service-Token", b"X-Subject-Token")
    },
}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GlimpseProcess]:
    with GlimpseProcess(tmp_path_factory.mktemp("request-head") / "state") as running:
        yield running


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("delivery", ["alone", "second", "pipelined", "byte by byte"])
def test_each_request_gets_one_response(process: GlimpseProcess, delivery: str, name: str) -> None:
    data, status, stays_open = REQUESTS[name]
    if delivery == "byte by byte" and len(data) > 10_000:
        pytest.skip("too large to be sent byte by byte")
    with RawConnection(process.address, slowly=delivery == "byte by byte") as connection:
        if delivery == "second":
            connection.send(GOOD)
            assert connection.response().status == 200
        connection.send(GOOD + data if delivery == "pipelined" else data)
        if delivery == "pipelined":
            assert connection.response().status == 200
        response = connection.response()
        assert response.status == status, str(response)
        if stays_open:
            assert response.header("Connection") is None
            connection.send(GOOD)
            assert connection.response().status == 200
        else:
            assert response.header("Connection") == "close"
            assert connection.is_closed()


def test_invalid_requests_log_no_traceback(process: GlimpseProcess) -> None:
    """The process has served the requests of the tests above."""
    assert "Traceback" not in process.log.read_text()


def test_links_start_with_the_host_of_an_absolute_target(process: GlimpseProcess) -> None:
    with RawConnection(process.address) as connection:
        connection.send(b"GET http://right:1/v2.1 HTTP/1.1\r\nHost: wrong\r\n\r\n")
        body = connection.response().body
    assert b"http://right:1/v2.1/" in body
    assert b"wrong" not in body


def test_a_response_to_http_1_0_is_not_chunked(process: GlimpseProcess) -> None:
    with RawConnection(process.address) as connection:
        connection.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        response = connection.response()
        assert response.header("Transfer-Encoding") is None
        assert connection.is_closed()


def test_the_log_of_a_rejected_request_has_no_text_of_the_client(tmp_path: Path) -> None:
    with GlimpseProcess(tmp_path / "state") as process:
        with RawConnection(process.address) as connection:
            connection.send(b"GET / HTTP/1.1\r\nHost: \x1b[31mred\r\n\r\n")
            assert connection.response().status == 400
        process.stop()
        text = process.log.read_text()
    assert "A request from 127.0.0.1 was refused: " in text
    assert "red" not in text
