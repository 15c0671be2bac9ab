"""Clients that do not read long lists: the unsent bytes of all connections are bounded."""

import json
import socket
import uuid
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.gateway.conftest import OWNER
from tests.support.cloud import EmbeddedCloud, seed_identity
from tests.support.process import GlimpseProcess, run_glimpse, wait_until
from tests.support.resident_memory import MEGABYTE, peak_resident_bytes, resident_bytes

IMAGES = 5000  # 6 MB or more as a list: more than the kernel buffers
KEYS = [f"key{number}" for number in range(10)]
# 128 MiB may wait to be sent, for five seconds; the rest is what Python needs for that.
MAX_GROWTH = 200 * MEGABYTE


def load_images(state: Path, properties: dict[str, str]) -> None:
    image = {
        "name": "one of many",
        "status": "queued",
        "visibility": "private",
        "owner": OWNER.project_id,
        "created_at": "2024-02-01T10:20:30Z",
        "updated_at": "2024-02-01T10:20:30Z",
        **properties,
    }
    lines = (json.dumps({"id": str(uuid.UUID(int=number)), **image}) for number in range(IMAGES))
    source = state.parent / "images.jsonl"
    source.write_text("\n".join(lines))
    done = run_glimpse("load", "--without-data", "--state-dir", str(state), str(source))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("value", "readers", "max_growth"),
    [
        ("a value of the usual length", 400, 130 * MEGABYTE),  # 145 MB or more would be unsent
        ("a long value" * 24, 500, MAX_GROWTH),  # 3 kB in an image, 400 kB in a piece of a list
    ],
    ids=["usual images", "large images"],
)
def test_lists_that_clients_do_not_read_take_bounded_memory(
    tmp_path: Path, value: str, readers: int, max_growth: int
) -> None:
    state = tmp_path / "state"
    seed_identity(state, [OWNER])
    load_images(state, dict.fromkeys(KEYS, value))
    with GlimpseProcess(state) as process, ExitStack() as stack:
        cloud = EmbeddedCloud(process)
        head = (
            f"GET /v2.1/images/detail HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {cloud.token('owner')}"
        )
        for _ in range(3):
            assert (
                len(cloud.request("owner", "GET", "/v2.1/images/detail").json()["images"]) == IMAGES
            )
        before = resident_bytes(process.pid)
        for _ in range(readers):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(process.address)
            connection.sendall(f"{head}\r\n\r\n".encode())
        wait_until(
            lambda: "cut: memory sent: 200" in process.log.read_text(),
            "no response is dropped",
            60,  # seconds: to begin all these lists takes 5 CPU seconds
        )
        for _ in range(3):
            assert (
                len(cloud.request("owner", "GET", "/v2.1/images/detail").json()["images"]) == IMAGES
            )
        grown = peak_resident_bytes(process.pid) - before
    assert grown < max_growth, f"{grown / MEGABYTE:.0f} MB more"
