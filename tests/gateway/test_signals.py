"""SIGHUP and SIGTERM while a long list is sent: the client gets the whole list."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.cloud import EmbeddedCloud
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.gateway import GatewayCloud, gateway
from tests.support.many_images import ManyImages
from tests.support.process import wait_until

COUNT = 5_000
TIMEOUT = 60.0  # seconds
RELOADED = "The configuration was read again."


class GatewaySetup(NamedTuple):
    cloud: GatewayCloud
    images: ManyImages
    conf: Path
    log: Path


@pytest.fixture(params=[1, 2])
def setup(
    request: pytest.FixtureRequest, backend: EmbeddedCloud, tmp_path: Path
) -> Iterator[GatewaySetup]:
    log = tmp_path / "log"
    with FaultProxy(backend.address) as glance:
        sections = {
            "DEFAULT": {"log_file": log},
            "glimpse": {"workers": request.param},
            "glance": {"api_servers": f"{glance.base_url}/image"},
        }
        images = ManyImages(COUNT)
        glance.fail(Fault("respond", respond=images))
        with gateway(tmp_path / "gateway", backend, sections) as cloud:
            cloud.token("owner")
            yield GatewaySetup(cloud, images, tmp_path / "gateway" / "nova.conf", log)


class Reader:
    """A client that has read the first bytes of a list."""

    def __init__(self, cloud: GatewayCloud) -> None:
        self._connection = HTTPConnection(*cloud.address, timeout=TIMEOUT)
        headers = {"X-Auth-Token": cloud.token("owner") or ""}
        self._connection.request("GET", "/v2.1/images", headers=headers)
        self._response = self._connection.getresponse()
        self._first_bytes = self._response.read(1000)

    def read_rest(self) -> int:
        """Read the rest of the list; return the number of its images."""
        found = json.loads(self._first_bytes + self._response.read())
        self._connection.close()
        return len(found["images"])


def test_list_in_progress_is_completed_after_a_reload(setup: GatewaySetup) -> None:
    reader = Reader(setup.cloud)
    workers = int(setup.conf.read_text().partition("workers = ")[2].split()[0])
    setup.conf.write_text(setup.conf.read_text() + "[api]\nadvertised_microversion = 2.7\n")
    os.kill(setup.cloud.process.pid, signal.SIGHUP)
    wait_until(
        lambda: setup.log.read_text().count(RELOADED) == workers,
        "the configuration was not reloaded",
    )
    response = setup.cloud.request("owner", "GET", "/v2.1/")
    assert response.json()["version"]["version"] == "2.7", str(response)
    setup.images.last_page.set()
    assert reader.read_rest() == COUNT


def test_list_in_progress_is_completed_before_shutdown(setup: GatewaySetup) -> None:
    reader = Reader(setup.cloud)
    with ThreadPoolExecutor(1) as pool:
        stopped = pool.submit(setup.cloud.process.stop)
        wait_until(lambda: not listens(setup.cloud), "the port still accepts connections")
        setup.images.last_page.set()
        assert reader.read_rest() == COUNT
        assert stopped.result() == 0


def listens(cloud: GatewayCloud) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(cloud.address) == 0


@pytest.mark.parametrize("setup", [1], indirect=True)
def test_reloads_leak_no_files(setup: GatewaySetup) -> None:
    setup.images.last_page.set()
    process = setup.cloud.process.pid

    def open_files() -> int:
        return len(list(Path(f"/proc/{process}/fd").iterdir()))

    for number in range(1, 21):
        assert setup.cloud.request("owner", "GET", "/v2.1/images?limit=1").status == 200
        os.kill(process, signal.SIGHUP)
        wait_until(lambda n=number: setup.log.read_text().count(RELOADED) == n, "no reload")  # type: ignore[misc]  # mypy does not infer a lambda's default
        if number == 2:
            before = open_files()
    wait_until(lambda: open_files() <= before + 4, "reloads leak files")
