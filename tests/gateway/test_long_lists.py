"""Long lists of a gateway are complete and take bounded memory."""

import json
import uuid
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from tests.support.cloud import EmbeddedCloud
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.gateway import GatewayCloud, gateway
from tests.support.many_images import ManyImages
from tests.support.resident_memory import peak_resident_bytes

TIMEOUT = 60.0  # seconds
MANY = 40_000
MAX_GROWTH = 16 * 1024  # KiB: a quarter of the memory of 40,000 such images


@pytest.fixture(scope="module")
def running(
    backend: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[GatewayCloud, FaultProxy]]:
    directory = tmp_path_factory.mktemp("long-lists") / "gateway"
    with FaultProxy(backend.address) as glance:
        sections = {"glance": {"api_servers": f"{glance.base_url}/image"}}
        with gateway(directory, backend, sections) as cloud:
            yield cloud, glance


def listed(running: tuple[GatewayCloud, FaultProxy], images: ManyImages) -> list[str]:
    """Return the ids of a list. Glance sends the last page only when the list has begun."""
    cloud, glance = running
    glance.fail(Fault("respond", respond=images))
    connection = HTTPConnection(*cloud.address, timeout=TIMEOUT)
    headers = {"X-Auth-Token": cloud.token("owner") or ""}
    connection.request("GET", "/v2.1/images/detail", headers=headers)
    response = connection.getresponse()
    assert response.status == 200
    first_bytes = response.read(1000)
    images.last_page.set()
    found = json.loads(first_bytes + response.read())["images"]
    connection.close()
    return [image["id"] for image in found]


def ids(count: int) -> list[str]:
    return [str(uuid.UUID(int=number)) for number in range(1, count + 1)]


def peak_memory(cloud: GatewayCloud) -> int:
    """Return the peak memory of the gateway in KiB."""
    return peak_resident_bytes(cloud.process.pid) // 1024


def test_memory_does_not_grow_with_the_length_of_a_list(
    running: tuple[GatewayCloud, FaultProxy],
) -> None:
    cloud, _ = running
    assert listed(running, ManyImages(5_000)) == ids(5_000)
    before = peak_memory(cloud)
    many = ManyImages(MANY)
    assert listed(running, many) == ids(MANY)
    assert many.limits == [1000] * (MANY // 1000)
    assert peak_memory(cloud) - before < MAX_GROWTH


@pytest.mark.parametrize("cap", [25, 200, 999])
def test_list_is_complete_when_glance_caps_its_pages(
    running: tuple[GatewayCloud, FaultProxy], cap: int
) -> None:
    images = ManyImages(2_000, cap)
    assert listed(running, images) == ids(2_000)
    assert len(images.limits) == -(-2_000 // cap)
