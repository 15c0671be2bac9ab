"""A hostile Glance: responses that are endless, slow, large, or of the wrong types."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.gateway.hostile import SCHEMA, HostileCloud, hostile_cloud
from tests.support.http import Response
from tests.support.mutations import mutations
from tests.support.scripted_server import Respond, ScriptedServer, image_document, scripted_response

GROWTH = 60  # MB by which the gateway may grow for one response
# MB by which it may grow for 40 large responses at once: it reads at most 32 MB at a time, and
# parses one.
GROWTH_OF_MANY = 200
IMAGE = f"/v2.1/images/{image_document()['id']}"
JSON_HEAD = b"HTTP/1.1 200 -\r\nContent-Type: application/json\r\n"

OPERATIONS: dict[str, Callable[[HostileCloud], Response]] = {
    "list": lambda cloud: cloud.request("GET", "/v2.1/images/detail", "known"),
    "show": lambda cloud: cloud.request("GET", IMAGE, "known"),
    "write": lambda cloud: cloud.request(
        "PUT", f"{IMAGE}/metadata/key", "known", b'{"meta": {"key": "value"}}'
    ),
    "delete": lambda cloud: cloud.request("DELETE", IMAGE, "known"),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileCloud]:
    with hostile_cloud(tmp_path_factory.mktemp("hostile")) as cloud:
        yield cloud


@pytest.fixture
def cloud(running: HostileCloud) -> Iterator[HostileCloud]:
    running.restore()
    assert OPERATIONS["show"](running).status == 200
    yield running
    running.restore()
    assert OPERATIONS["show"](running).status == 200
    assert "Traceback" not in running.log()


def always(*pieces: bytes) -> Respond:
    return lambda _head: iter(pieces)


REASONS = {
    "<head> without end": 100_000 * b"<head>",
    "<h1> without end": 100_000 * b"<h1>",
    "tags without end": 100_000 * b"<",
    "spaces": 100_000 * b" ",
    "entities": 20_000 * b"&amp;",
    "a number of many digits": b"&#" + 50_000 * b"1" + b";",
    "nested JSON": 50_000 * b'{"message":',
    "a long message": b'{"message": "' + 60_000 * b"<" + b'"}',
    "digits": b"123 " + 60_000 * b"A",
}


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500])
@pytest.mark.parametrize("reason", REASONS)
def test_reason_of_an_error_is_extracted_quickly(
    cloud: HostileCloud, status: int, reason: str
) -> None:
    cloud.images = lambda _: scripted_response(REASONS[reason], status, content_type="text/html")
    for operation in OPERATIONS.values():
        began = time.monotonic()
        response = operation(cloud)
        assert time.monotonic() - began < 2
        assert response.status in ({500: (503,)}.get(status, (400, 403, 404, 409, 502))), str(
            response
        )
        assert len(response.body) < 10_000


def endless(beginning: bytes, piece: bytes, megabytes: int = 200) -> Respond:
    def respond(_head: str) -> Iterator[bytes]:
        yield beginning
        for _ in range(megabytes * 1_000_000 // len(piece)):
            yield piece

    return respond


ENDLESS = {
    "headers": (JSON_HEAD, 10_000 * b"A: b\r\n", 502),
    "a header": (JSON_HEAD + b"A: ", 100_000 * b"x", 502),
    "interim responses": (b"", 4_000 * b"HTTP/1.1 100 Continue\r\n\r\n", 502),
    "a body": (JSON_HEAD + b'\r\n{"id": "', 100_000 * b"x", 502),
    "tiny chunks": (
        JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
        10_000 * b"2\r\n[]\r\n",
        502,
    ),
    "a chunk extension": (
        JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;",
        100_000 * b"x",
        502,
    ),
    "trailers": (
        JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n",
        10_000 * b"A: b\r\n",
        502,
    ),
    "an error": (b"HTTP/1.1 500 -\r\n\r\n", 100_000 * b"x", 503),
    "a redirect": (b"HTTP/1.1 302 -\r\n\r\n", 100_000 * b"x", 502),
}


@pytest.mark.parametrize("operation", ["list", "show"])
@pytest.mark.parametrize("kind", ENDLESS)
def test_endless_response_is_refused_in_bounded_memory(
    cloud: HostileCloud, kind: str, operation: str
) -> None:
    beginning, piece, status = ENDLESS[kind]
    before = cloud.peak_memory_mb()
    cloud.images = endless(beginning, piece)
    response = OPERATIONS[operation](cloud)
    # On a busy machine, the timeout may expire before the limit of bytes is reached.
    assert response.status in (status, 503), str(response)
    assert cloud.peak_memory_mb() - before < GROWTH


def test_slow_response_ends_with_the_timeout(cloud: HostileCloud) -> None:
    def drip(_head: str) -> Iterator[bytes]:
        yield JSON_HEAD
        for _ in range(100):
            time.sleep(0.1)  # a slow server
            yield b"A"

    cloud.images = drip
    began = time.monotonic()
    response = OPERATIONS["show"](cloud)
    assert response.status == 503, str(response)
    assert time.monotonic() - began < 8


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_redirect_of_glance_is_logged_and_not_followed(
    cloud: HostileCloud, status: int, operation: str
) -> None:
    with ScriptedServer(lambda _: scripted_response(b"{}")) as other:
        location = f"Location: {other.base_url}/v2/images?secret"
        cloud.images = lambda _: scripted_response(b"", status, location)
        response = OPERATIONS[operation](cloud)
        assert response.status == 502, str(response)
        assert other.heads == []
        line = f"redirects to {other.base_url}/v2/images, which is not followed"
        assert line in cloud.log()
        assert "?secret" not in cloud.log()


def test_images_with_values_of_other_types_cause_no_500(cloud: HostileCloud) -> None:
    statuses: dict[str, dict[str, int]] = {"show": {}, "write": {}}
    for name, body in mutations(image_document(), leave_out=("self", "file", "schema")):
        cloud.images = lambda _, body=body: scripted_response(body)  # type: ignore[misc]  # mypy does not infer a lambda's default
        for operation, found in statuses.items():
            response = OPERATIONS[operation](cloud)
            found[name] = response.status
            if response.status == 200:
                json.loads(response.body)
    for found in statuses.values():
        assert not {name: each for name, each in found.items() if each not in (200, 502)}
    shown = statuses["show"]
    for key in ("status: {}", 'id: ["a"]', "size: 1.5", "created_at: -1", "name: true"):
        assert shown[key] == 502, key
    assert shown["os_distro: true"] == 200


def test_properties_of_other_types_are_shown_as_text(cloud: HostileCloud) -> None:
    odd = image_document(flag=True, ratio=1.5, several=["a", None], nothing=None)
    cloud.images = lambda _: scripted_response(json.dumps(odd).encode())
    metadata = OPERATIONS["show"](cloud).json()["image"]["metadata"]
    assert metadata["flag"] == "true"
    assert metadata["ratio"] == "1.5"
    assert metadata["several"] == '["a",null]'
    assert metadata["nothing"] is None


def test_lists_with_values_of_other_types_cause_no_500(cloud: HostileCloud) -> None:
    page = {
        "images": [{**image_document(1)}, {"id": "a"}],
        "next": "/v2/images?marker=" + image_document(1)["id"],
        "first": "/v2/images",
    }
    keys = [key for key in image_document() if key not in ("id", "status", "size")]
    for name, body in mutations(page, leave_out=keys):

        def respond(head: str, body: bytes = body) -> list[bytes]:
            return scripted_response(b'{"images": []}' if "marker=" in head else body)

        cloud.images = respond
        response = OPERATIONS["list"](cloud)
        assert response.status in (200, 502), f"{name}: {response}"


def test_schemas_with_values_of_other_types_cause_no_500(tmp_path: Path) -> None:
    with hostile_cloud(tmp_path) as cloud:
        for _, body in list(mutations(SCHEMA))[::7]:
            cloud.images = lambda head, body=body: (  # type: ignore[misc]  # mypy does not infer a lambda's default
                scripted_response(body) if "/schemas/" in head else cloud.respond_as_glance(head)
            )
            assert OPERATIONS["show"](cloud).status == 200
        assert "Traceback" not in cloud.log()


def large_image(megabytes: int) -> Iterator[bytes]:
    beginning = json.dumps(image_document())[:-1].encode() + b', "filling": "'
    length = len(beginning) + megabytes * 1_000_000 + 2
    yield JSON_HEAD + b"Content-Length: %d\r\n\r\n" % length + beginning
    for _ in range(megabytes):
        yield 1_000_000 * b"x"
    yield b'"}'


def large_list(megabytes: int) -> Iterator[bytes]:
    yield JSON_HEAD + b'\r\n{"images": ['
    image = json.dumps(image_document(filling=1_000_000 * "x")).encode()
    for _ in range(megabytes):
        yield image + b","
    yield image + b"]}"


def junk(megabytes: int) -> Iterator[bytes]:
    """Yield JSON that takes the most memory when it is parsed."""
    yield JSON_HEAD + b'\r\n{"images": ['
    for _ in range(megabytes):
        yield 333_333 * b"[],"
    yield b"[]]}"


LARGE = {
    "images": ("show", large_image, 64, {502, 503}),
    "images that are shown": ("show", large_image, 10, {200, 503}),
    "lists": ("list", large_list, 64, {502, 503}),
    "lists that are short enough": ("list", large_list, 2, {200, 503}),
    "junk": ("list", junk, 1, {502, 503}),
}


@pytest.mark.parametrize("kind", LARGE)
def test_forty_large_responses_at_once_take_bounded_memory(tmp_path: Path, kind: str) -> None:
    operation, make, megabytes, statuses = LARGE[kind]
    with hostile_cloud(tmp_path) as cloud:
        assert OPERATIONS[operation](cloud).status == 200
        before = cloud.peak_memory_mb()
        cloud.images = lambda _: make(megabytes)
        with ThreadPoolExecutor(40) as pool:
            responses = list(pool.map(lambda _: OPERATIONS[operation](cloud), range(40)))
        assert {response.status for response in responses} <= statuses
        growth = cloud.peak_memory_mb() - before
        assert growth < GROWTH_OF_MANY
        cloud.restore()
        assert OPERATIONS[operation](cloud).status == 200
