"""Lists of many images through a gateway: page by page, whole, and in little memory."""

import json
import threading
import uuid
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.gateway.conftest import OWNER
from tests.support.cloud import EmbeddedCloud
from tests.support.faultproxy import Fault, FaultProxy, http_answer
from tests.support.gateway import GatewayCloud, gateway

SECONDS = 60.0
FLAT = 16 * 1024  # KiB: a tenth of what 100,000 images of these take
DATES = {"created_at": "2024-02-01T10:20:30Z", "updated_at": "2024-02-01T10:20:30Z"}


class ManyImages:
    """A Glance that has `count` images and gives at most `cap` of them a page.

    The last page is given when `last_page` is set; `asked` are the limits that it was asked for.
    """

    def __init__(self, count: int, cap: int = 1000) -> None:
        self._count = count
        self._cap = cap
        self.asked: list[int] = []
        self.last_page = threading.Event()

    def __call__(self, request: bytes) -> bytes:
        target = request.split(b" ", 2)[1].decode()
        if "/schemas/" in target:
            return http_answer(404, b"{}")
        query = parse_qs(urlsplit(target).query)
        self.asked.append(int(query["limit"][0]))
        start = uuid.UUID(query["marker"][0]).int if "marker" in query else 0
        end = min(self._count, start + self._cap, start + self.asked[-1])
        images = [self._image(number) for number in range(start + 1, end + 1)]
        answer: dict[str, object] = {"images": images}
        if end < self._count:
            answer["next"] = f"/v2/images?marker={images[-1]['id']}"
        else:
            assert self.last_page.wait(SECONDS), "nobody has read what there is"
        return http_answer(200, json.dumps(answer).encode())

    @staticmethod
    def _image(number: int) -> dict[str, object]:
        about = {"status": "active", "visibility": "public", "owner": OWNER.project_id, **DATES}
        properties = {f"key{place}": f"value of {number}" for place in range(10)}
        return {"id": str(uuid.UUID(int=number)), "name": "one of many", **about, **properties}


@pytest.fixture(scope="module")
def running(
    behind: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[GatewayCloud, FaultProxy]]:
    directory = tmp_path_factory.mktemp("long-lists") / "gateway"
    with FaultProxy(behind.address) as glance:
        sections = {"glance": {"api_servers": f"{glance.base_url}/image"}}
        with gateway(directory, behind, sections) as cloud:
            yield cloud, glance


def listed(running: tuple[GatewayCloud, FaultProxy], images: ManyImages) -> list[str]:
    """The ids in a list without a limit; the last page comes when the first bytes are there."""
    cloud, glance = running
    glance.fail(Fault("answer", answer=images))
    connection = HTTPConnection(*cloud.address, timeout=SECONDS)
    headers = {"X-Auth-Token": cloud.token("owner") or ""}
    connection.request("GET", "/v2.1/images/detail", headers=headers)
    answer = connection.getresponse()
    assert answer.status == 200
    begun = answer.read(1000)
    images.last_page.set()
    found = json.loads(begun + answer.read())["images"]
    connection.close()
    return [image["id"] for image in found]


def ids(count: int) -> list[str]:
    return [str(uuid.UUID(int=number)) for number in range(1, count + 1)]


def most_memory(cloud: GatewayCloud) -> int:
    """KiB that the process has occupied at most."""
    status = Path(f"/proc/{cloud.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def test_a_hundred_thousand_take_no_more_memory_than_a_few(
    running: tuple[GatewayCloud, FaultProxy],
) -> None:
    cloud, _ = running
    assert listed(running, ManyImages(5_000)) == ids(5_000)
    before = most_memory(cloud)
    many = ManyImages(100_000)
    assert listed(running, many) == ids(100_000)
    assert many.asked == [1000] * 100
    assert most_memory(cloud) - before < FLAT


@pytest.mark.parametrize("cap", [25, 200, 999])
def test_a_glance_that_gives_less_is_asked_more_often(
    running: tuple[GatewayCloud, FaultProxy], cap: int
) -> None:
    images = ManyImages(2_000, cap)
    assert listed(running, images) == ids(2_000)
    assert len(images.asked) == -(-2_000 // cap)
