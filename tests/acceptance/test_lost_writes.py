"""No acknowledged write is lost through other clients, other workers or a crash."""

import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.acceptance.conftest import MEMBERS
from tests.acceptance.tenancy import PROJECTS
from tests.support.cloud import EmbeddedCloud, seed_identity
from tests.support.process import GlimpseProcess

CLIENTS = 8
KEYS_EACH = 125  # 1,000 in all, 125 on each of eight images: below the quota of 128
KILLS = 10  # in each of five runs: 50
KEYS = 20


def make_images(cloud: EmbeddedCloud, count: int) -> list[str]:
    """Create `count` images of OWNER without metadata; return their ids."""
    ids = [str(uuid.uuid4()) for _ in range(count)]
    rest = {"status": "active", "owner": PROJECTS["owner"], "created_at": "2024-02-01T10:20:30Z"}
    cloud.put_images(
        [{"id": each, "name": each, **rest, "updated_at": "2024-02-01T10:20:30Z"} for each in ids]
    )
    return ids


def set_item(cloud: EmbeddedCloud, image_id: str, key: str, value: str) -> int:
    """Set a metadata item as the user ``owner``; return the status code."""
    body = json.dumps({"meta": {key: value}}).encode()
    return cloud.request("owner", "PUT", f"/v2.1/images/{image_id}/metadata/{key}", body).status


def metadata(cloud: EmbeddedCloud, image_id: str) -> dict[str, str]:
    response = cloud.request("owner", "GET", f"/v2.1/images/{image_id}/metadata")
    assert response.status == 200, str(response)
    found: dict[str, str] = response.json()["metadata"]
    return found


@pytest.fixture
def two_workers(tmp_path: Path) -> Iterator[EmbeddedCloud]:
    seed_identity(tmp_path / "state", MEMBERS)
    with GlimpseProcess(tmp_path / "state", arguments=["--workers", "2"]) as process:
        yield EmbeddedCloud(process)


def test_eight_clients_that_set_1000_keys_through_two_workers_lose_none(
    two_workers: EmbeddedCloud,
) -> None:
    cloud = two_workers
    images = make_images(cloud, CLIENTS)
    cloud.token("owner")

    def write(client: int) -> list[tuple[str, str, int]]:
        places = [(images[(client + n) % len(images)], f"k{client}-{n}") for n in range(KEYS_EACH)]
        return [(image, key, set_item(cloud, image, key, key)) for image, key in places]

    with ThreadPoolExecutor(CLIENTS) as pool:
        written = [each for results in pool.map(write, range(CLIENTS)) for each in results]
    assert {status for _, _, status in written} == {200}
    found = {image: metadata(cloud, image) for image in images}
    missing = [(image, key) for image, key, _ in written if found[image].get(key) != key]
    assert not missing


@pytest.mark.parametrize("run", range(5))
def test_a_process_that_is_killed_while_writing_loses_nothing_acknowledged(
    run: int, tmp_path: Path
) -> None:
    """Values grow: a key must have its last acknowledged value, or the one in progress."""
    seed_identity(tmp_path / "state", MEMBERS)
    process = GlimpseProcess(tmp_path / "state")
    cloud = EmbeddedCloud(process)
    acknowledged: dict[str, int] = {}
    count = 0
    process.start()
    (image,) = make_images(cloud, 1)
    for kill in range(KILLS):
        with ThreadPoolExecutor(1) as pool:
            # The process is killed during these writes, later in each round.
            waiting = pool.submit(_kill_after, process, 0.01 + 0.004 * ((run * KILLS + kill) % 13))
            while (status := _try_to_set(cloud, image, count)) is not None:
                assert status == 200
                acknowledged[f"k{count % KEYS}"] = count
                count += 1
            waiting.result()
        process.start()
        found = {key: int(value) for key, value in metadata(cloud, image).items()}
        in_flight = f"k{count % KEYS}"
        lost = {
            key: (value, found.get(key))
            for key, value in acknowledged.items()
            if found.get(key) != value and not (key == in_flight and found.get(key) == count)
        }
        assert not lost, f"acknowledged values and what is there instead: {lost}"
        acknowledged |= {key: value for key, value in found.items() if key == in_flight}
        count += 1
    process.stop()


def _kill_after(process: GlimpseProcess, seconds: float) -> None:
    time.sleep(seconds)
    process.kill()


def _try_to_set(cloud: EmbeddedCloud, image: str, number: int) -> int | None:
    """Set a key to a number; return the status code, or None without a response."""
    try:
        return set_item(cloud, image, f"k{number % KEYS}", str(number))
    except (OSError, ValueError):
        return None
