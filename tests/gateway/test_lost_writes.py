"""No acknowledged write is lost in front of a Glance that loses concurrent writes."""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from itertools import cycle
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import pytest

from tests.gateway.conftest import image_document
from tests.support.cloud import EmbeddedCloud
from tests.support.gateway import GatewayCloud, Sections, gateway
from tests.support.process import wait_until
from tests.support.racy_glance import RacyGlance
from tests.support.services import redis_server

CLIENTS = 16
KEYS = 150
IMAGES = [image_document(f"written to {number}") for number in range(5)]
DELAY = 0.005  # seconds after which Glance writes back an image that it has read
LOCK_EXPIRY = 2  # seconds until the lock of a killed process expires


class Write(NamedTuple):
    """One client's attempt to set a key; `status` is None without a response."""

    image_id: str
    key: str
    status: int | None


@pytest.fixture
def glance() -> Iterator[RacyGlance]:
    with RacyGlance(DELAY) as glance:
        glance.images = {image["id"]: dict(image) for image in IMAGES}
        yield glance


@contextmanager
def writer(
    directory: Path, backend: EmbeddedCloud, glance: RacyGlance, *arguments: str, url: str = ""
) -> Iterator[GatewayCloud]:
    """Run a gateway without a limit of properties; `url` is that of its lock service."""
    sections: Sections = {
        "glance": {"api_servers": glance.base_url},
        "quota": {"metadata_items": -1},
        "coordination": {"backend_url": url},
    }
    with gateway(directory, backend, sections, arguments) as cloud:
        cloud.token("owner")
        yield cloud


def set_key(cloud: GatewayCloud, image_id: str, key: str) -> Write:
    body = json.dumps({"meta": {key: key}}).encode()
    try:
        response = cloud.request("owner", "PUT", f"/v2.1/images/{image_id}/metadata/{key}", body)
    except (OSError, ValueError):
        return Write(image_id, key, None)
    return Write(image_id, key, response.status)


def work() -> list[tuple[str, str]]:
    """Return pairs of an image id and a key to set."""
    return [(IMAGES[n % len(IMAGES)]["id"], f"key-{n}") for n in range(KEYS)]


def missing(glance: RacyGlance) -> list[str]:
    return [key for image_id, key in work() if glance.images[image_id].get(key) != key]


def test_racy_glance_loses_concurrent_writes(glance: RacyGlance) -> None:
    image_id = IMAGES[0]["id"]
    with ThreadPoolExecutor(CLIENTS) as pool:
        for number in range(64):
            change = [{"op": "add", "path": f"/key-{number}", "value": "x"}]
            pool.submit(glance.patch, image_id, change)
    assert len(glance.images[image_id].keys() - IMAGES[0].keys()) < 64


def test_two_workers_lose_no_acknowledged_write(
    backend: EmbeddedCloud, glance: RacyGlance, tmp_path: Path
) -> None:
    with (
        writer(tmp_path / "gateway", backend, glance, "--workers", "2") as cloud,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):
        written = list(pool.map(lambda what: set_key(cloud, *what), work()))
    assert {write.status for write in written} == {200}
    assert missing(glance) == []


def test_two_processes_lose_no_acknowledged_write_when_one_is_killed(
    backend: EmbeddedCloud, glance: RacyGlance, tmp_path: Path
) -> None:
    """Writes without a response are repeated until they are acknowledged."""
    without_response: list[Write] = []
    acknowledged: list[Write] = []
    lock = Lock()

    with (
        redis_server(tmp_path) as redis,
        _writer_with(redis.port, tmp_path / "one", backend, glance) as one,
        _writer_with(redis.port, tmp_path / "two", backend, glance) as two,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):

        def write(client_and_work: tuple[GatewayCloud, tuple[str, str]]) -> Write:
            cloud, (image_id, key) = client_and_work
            while (done := set_key(cloud, image_id, key)).status is None:
                assert cloud is two, "only one process was killed"
                with lock:
                    without_response.append(done)
            with lock:
                acknowledged.append(done)
            return done

        writing = [pool.submit(write, each) for each in zip(cycle((one, two)), work())]
        wait_until(lambda: len(acknowledged) > KEYS // 4, "no write was sent")
        two.process.kill()
        two.process.start()
        written = [each.result() for each in writing]
    assert without_response, "no write was in progress when the process was killed"
    assert {write.status for write in written} == {200}
    assert missing(glance) == []


def test_late_write_of_a_killed_process_undoes_no_later_write(
    backend: EmbeddedCloud, glance: RacyGlance, tmp_path: Path
) -> None:
    """Glance still processes the PATCH of the killed process; the next writer waits for that."""
    image_id = IMAGES[0]["id"]
    with (
        writer(tmp_path / "gateway", backend, glance) as cloud,
        ThreadPoolExecutor(1) as pool,
    ):
        glance.delay = 2
        dying = pool.submit(set_key, cloud, image_id, "dying")
        wait_until(lambda: glance.patching == 1, "no write was sent")
        glance.delay = DELAY
        cloud.process.kill()
        assert dying.result().status is None
        (marker,) = cloud.state_dir.rglob("*.writing")
        began = marker.stat().st_mtime - 7  # of the 10 s that a PATCH may take
        os.utime(marker, (began, began))
        cloud.process.start()
        assert set_key(cloud, image_id, "next").status == 200
    wait_until(lambda: glance.patching == 0, "Glance does not finish")
    assert glance.images[image_id]["next"] == "next"


def _writer_with(
    redis: int, directory: Path, backend: EmbeddedCloud, glance: RacyGlance
) -> AbstractContextManager[GatewayCloud]:
    url = f"redis://127.0.0.1:{redis}?lock_timeout={LOCK_EXPIRY}"
    return writer(directory, backend, glance, url=url)
