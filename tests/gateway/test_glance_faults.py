"""Failures of Glance: each request gets the right fault before its timeout."""

import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.gateway.conftest import TIMEOUT, image_document
from tests.support.cloud import EmbeddedCloud
from tests.support.fault_proxy import Fault, FaultProxy, respond_with
from tests.support.gateway import GatewayCloud, gateway
from tests.support.http import Response, encode_head, encode_response
from tests.support.process import wait_until
from tests.support.resident_memory import resident_bytes

IMAGE = image_document("the image")
IN_HEAD, IN_BODY = 20, 1500  # bytes of a response about IMAGE
POOL = 100  # the most connections that Glimpse has to Glance
GROWTH = 40_000  # KiB by which the process may grow; a leak in each request would add far more

FAULTS = {
    "resets in the head": (Fault("reset", IN_HEAD), 503),
    "resets in the body": (Fault("reset", IN_BODY), 502),
    "closes early": (Fault("close"), 503),
    "closes in the body": (Fault("close", IN_BODY), 502),
    "hangs": (Fault("hang"), 503),
    "hangs in the body": (Fault("hang", IN_BODY), 503),
    "trickles": (Fault("trickle", IN_HEAD, pause=0.4), 503),
    "trickles the body": (Fault("trickle", IN_BODY, pause=0.4), 503),
    "responds with 500": (respond_with(500, b"<html>Traceback</html>", "text/html"), 503),
    "responds with HTML": (respond_with(200, b"<html>Welcome</html>", "text/html"), 502),
    "responds with truncated JSON": (respond_with(200, b'{"images": [{"id": "1", "na'), 502),
    "responds with other JSON": (respond_with(200, b"[]"), 502),
    "responds without HTTP": (Fault("respond", respond=lambda _: b"SSH-2.0-OpenSSH_9.2\r\n"), 502),
    "redirects": (respond_with(302, b""), 502),
}

OPERATIONS: dict[str, Callable[[GatewayCloud], Response]] = {
    "list": lambda cloud: cloud.request("owner", "GET", "/v2.1/images/detail"),
    "show": lambda cloud: cloud.request("owner", "GET", f"/v2.1/images/{IMAGE['id']}"),
    "write": lambda cloud: set_item(cloud, "key", "value"),
    "unset": lambda cloud: cloud.request(
        "owner", "DELETE", f"/v2.1/images/{IMAGE['id']}/metadata/filling0"
    ),
    "delete": lambda cloud: cloud.request("owner", "DELETE", f"/v2.1/images/{IMAGE['id']}"),
}


def set_item(cloud: GatewayCloud, key: str, value: str) -> Response:
    body = json.dumps({"meta": {key: value}}).encode()
    return cloud.request("owner", "PUT", f"/v2.1/images/{IMAGE['id']}/metadata/{key}", body)


class GatewaySetup(NamedTuple):
    cloud: GatewayCloud
    glance: FaultProxy


@pytest.fixture(scope="session")
def running(
    backend: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewaySetup]:
    backend.put_images([IMAGE])
    options = {
        "timeout": TIMEOUT,
        "first_byte_timeout": 1,
        "connect_timeout": 1,
        "num_retries": 1,
    }
    directory = tmp_path_factory.mktemp("glance-faults") / "gateway"
    with FaultProxy(backend.address) as proxy:
        sections = {"glance": {"api_servers": f"{proxy.base_url}/image", **options}}
        with gateway(directory, backend, sections) as cloud:
            yield GatewaySetup(cloud, proxy)


@pytest.fixture
def setup(running: GatewaySetup) -> Iterator[GatewaySetup]:
    assert OPERATIONS["show"](running.cloud).status == 200
    yield running
    running.glance.restore()
    response = OPERATIONS["show"](running.cloud)
    assert response.status == 200, f"Glance works again, but the response is:\n{response}"


def assert_fault(response: Response, status: int) -> None:
    assert response.status == status, str(response)
    assert response.fault == {502: "computeFault", 503: "serviceUnavailable"}[status], str(response)
    assert int(response.header("Retry-After") or 0) >= 1, str(response)
    assert "127.0.0.1" not in response.body.decode(), str(response)


@pytest.mark.parametrize("operation", ["list", "show", "write"])
@pytest.mark.parametrize("fault", FAULTS)
def test_failing_glance_is_a_fault_before_the_timeout(
    setup: GatewaySetup, fault: str, operation: str
) -> None:
    injected, status = FAULTS[fault]
    setup.glance.fail(injected)
    assert_fault(OPERATIONS[operation](setup.cloud), status)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("closes early", "the connection closed before a response"),
        ("closes in the body", "the connection closed within the response"),
        ("hangs", "nothing received for 1 s"),
        ("responds with 500", "status code 500"),
        ("responds without HTTP", "the response is not HTTP"),
    ],
)
def test_log_has_the_cause_of_a_failure(setup: GatewaySetup, fault: str, words: str) -> None:
    setup.glance.fail(FAULTS[fault][0])
    assert OPERATIONS["show"](setup.cloud).status in (502, 503)
    server = f"Glance at {setup.glance.base_url}/image"
    line = f"{server} failed, other servers are tried first for 10 s: {words}\n"
    assert line in setup.cloud.process.log.read_text()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_refused_connection_is_a_503(setup: GatewaySetup, operation: str) -> None:
    setup.glance.refuse()
    assert_fault(OPERATIONS[operation](setup.cloud), 503)


@pytest.mark.parametrize(
    ("operation", "method", "times"),
    [("write", b"PATCH", 2), ("unset", b"PATCH", 1), ("delete", b"DELETE", 1)],
)
@pytest.mark.parametrize("kind", ["reset", "close"])
def test_only_idempotent_writes_are_sent_again(
    setup: GatewaySetup, operation: str, method: bytes, times: int, kind: Literal["reset", "close"]
) -> None:
    """Glance may have performed the write: setting a key again is harmless, removing it fails."""
    sent: list[bytes] = []

    def is_write(request: bytes) -> bool:
        if request.startswith(method):
            sent.append(request)
        return request.startswith(method)

    setup.glance.fail(Fault(kind), when=is_write)
    assert_fault(OPERATIONS[operation](setup.cloud), 503)
    assert len(sent) == times
    setup.cloud.put_images([IMAGE])


def test_write_that_fails_once_is_retried(setup: GatewaySetup) -> None:
    """A Glance whose database is busy responds with 500, and succeeds the next time."""
    setup.glance.fail(
        respond_with(500, b""), when=lambda request: request.startswith(b"PATCH"), times=1
    )
    response = set_item(setup.cloud, "busy", "no more")
    assert response.status == 200, str(response)
    assert OPERATIONS["show"](setup.cloud).json()["image"]["metadata"]["busy"] == "no more"
    setup.cloud.put_images([IMAGE])


def test_read_is_retried_num_retries_times(setup: GatewaySetup) -> None:
    setup.glance.fail(Fault("close"))
    before = setup.glance.requests
    assert_fault(OPERATIONS["show"](setup.cloud), 503)
    assert setup.glance.requests - before == 2


def test_server_that_timed_out_does_not_get_the_request_again(setup: GatewaySetup) -> None:
    """It may still be processing the request: sending it again would make it slower."""
    setup.glance.fail(Fault("hang"))
    before = setup.glance.requests
    assert_fault(OPERATIONS["show"](setup.cloud), 503)
    assert setup.glance.requests - before == 1


def test_read_that_fails_once_is_retried(setup: GatewaySetup) -> None:
    setup.glance.fail(Fault("reset"), times=1)
    assert OPERATIONS["show"](setup.cloud).status == 200


def looping(pages: int, size: int, *, odd_page: int = -1, instead: bytes = b"") -> Fault:
    """Return a list of `pages` pages of `size` images, whose last page links to the first.

    The response for page number `odd_page` is `instead`.
    """

    def respond(request: bytes) -> bytes:
        target = request.split(b" ", 2)[1].decode()
        if "/schemas/" in target:
            return encode_response(404, b"{}")
        marker = parse_qs(urlsplit(target).query).get("marker", ["page-0"])[0]
        number = int(marker.removeprefix("page-"))
        if number == odd_page:
            return instead
        following = f"/v2/images?marker=page-{(number + 1) % pages}"
        first = number * size
        images = [image_document(f"image {n}") for n in range(first, first + size)]
        body = {"images": images, "next": following}
        return encode_response(200, json.dumps(body).encode())

    return Fault("respond", respond=respond)


def read_to_the_end(cloud: GatewayCloud, target: str) -> bytes:
    """Return the bytes of the response, framing included, until the connection closes."""
    headers = [("X-Auth-Token", cloud.token("owner") or "")]
    with socket.create_connection(cloud.address, timeout=30) as connection:
        connection.sendall(encode_head(cloud.address, "GET", target, headers, None))
        return b"".join(iter(lambda: connection.recv(65536), b""))


def assert_cut_short(response: bytes) -> None:
    assert response.startswith(b"HTTP/1.1 200"), response[:300]
    assert b"chunked" in response.partition(b"\r\n\r\n")[0].lower(), response[:300]
    assert not response.endswith(b"0\r\n\r\n"), "an incomplete list was sent as a complete one"


def test_list_whose_next_links_repeat_is_cut_short(setup: GatewaySetup) -> None:
    before = setup.glance.requests
    setup.glance.fail(looping(1000, 1))
    assert_cut_short(read_to_the_end(setup.cloud, "/v2.1/images"))
    assert setup.glance.requests - before <= 1001  # the pages, and the schema


@pytest.mark.parametrize(
    "instead",
    [
        encode_response(500, b"Traceback"),
        encode_response(200, b"<html>Welcome</html>", content_type="text/html"),
        encode_response(200, b'{"images": []}')[:-5],
    ],
    ids=["500", "HTML", "an incomplete response"],
)
def test_list_that_fails_after_its_first_bytes_were_sent_is_cut_short(
    setup: GatewaySetup, instead: bytes
) -> None:
    setup.glance.fail(looping(10**6, 1, odd_page=207, instead=instead))
    response = read_to_the_end(setup.cloud, "/v2.1/images/detail")
    assert_cut_short(response)
    assert b"image 206" in response
    log = setup.cloud.process.log.read_text()
    assert "was cut short" in log
    assert "Traceback" not in log, "a failure of Glance is logged with a traceback"


def test_list_that_fails_before_anything_was_sent_is_a_fault(setup: GatewaySetup) -> None:
    instead = encode_response(200, b"<html>Welcome</html>", content_type="text/html")
    setup.glance.fail(looping(10**6, 1, odd_page=1, instead=instead))
    assert_fault(OPERATIONS["list"](setup.cloud), 502)


def test_list_of_a_disconnected_client_stops(setup: GatewaySetup) -> None:
    setup.glance.fail(looping(10**6, 10))
    headers = [("X-Auth-Token", setup.cloud.token("owner") or "")]
    with socket.create_connection(setup.cloud.address, timeout=20) as connection:
        connection.sendall(encode_head(setup.cloud.address, "GET", "/v2.1/images", headers, None))
        assert connection.recv(100).startswith(b"HTTP/1.1 200")

    def is_quiet() -> bool:
        before = setup.glance.requests
        for _ in range(10):
            OPERATIONS["show"](setup.cloud)
        return setup.glance.requests == before + 10

    wait_until(is_quiet, "pages are requested for a client that has disconnected")


def test_failed_requests_leak_no_files_and_no_memory(setup: GatewaySetup) -> None:
    process = setup.cloud.process.pid
    kinds = ["resets in the head", "resets in the body", "closes early", "closes in the body"]
    kinds += [
        "responds with 500",
        "responds with HTML",
        "responds with truncated JSON",
        "responds without HTTP",
    ]

    def fail(times: int) -> None:
        for kind in kinds:
            setup.glance.fail(FAULTS[kind][0])
            with ThreadPoolExecutor(16) as pool:
                operations = [OPERATIONS[("list", "show")[n % 2]] for n in range(times)]
                responses = list(pool.map(lambda operation: operation(setup.cloud), operations))
            assert {response.status for response in responses} == {FAULTS[kind][1]}
        setup.glance.restore()

    fail(8)  # loads modules and fills the connection pool, which is no leak
    files, memory = open_files(process), resident_bytes(process)
    fail(50)
    wait_until(lambda: setup.glance.open_connections <= POOL, "connections to Glance leak")
    wait_until(lambda: open_files(process) <= files + POOL, "files leak")
    assert resident_bytes(process) - memory < GROWTH * 1024


def open_files(process: int) -> int:
    return len(list(Path(f"/proc/{process}/fd").iterdir()))
