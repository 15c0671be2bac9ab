"""The servers of `make bench`: a Glimpse with many images, and nginx with static files."""

import json
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.cloud import Member, issue_token, seed_identity
from tests.support.process import GlimpseProcess, ServerProcess, free_port
from tests.support.server import Server

OWNER = Member("owner", "0123456789abcdef0123456789abcdef")
SERVER_ID = "088cb14e-429d-5174-b3f2-1069a87caef5"
"""The id of the server of which the rare images are snapshots."""
RARE = 60
"""The number of images with rare values, whatever the number of all images."""


def image_id(number: int) -> str:
    """Return the id of an image of `records`."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))


def records(count: int) -> Iterator[dict[str, Any]]:
    """Yield `count` images with ten properties, a second apart; RARE of them have rare values."""
    for number in range(count):
        date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_700_000_000 + number))
        rare = number % (count // RARE) == 0
        yield {
            "id": image_id(number),
            "name": "rare" if rare else f"image-{number}",
            "status": "queued" if rare else "active",
            "visibility": "private",
            "owner": OWNER.project_id,
            "size": 1 << 30,
            "created_at": date,
            "updated_at": date,
            "os_distro": "debian",
            "os_version": "12",
            "architecture": "x86_64",
            "hw_disk_bus": "virtio",
            "hw_vif_model": "virtio",
            "hw_machine_type": "q35",
            "hw_rng_model": "virtio",
            "os_type": "linux",
            "description": f"nightly build {number}",
            "edition": "rare" if rare else "usual",
            **({"image_type": "snapshot", "instance_uuid": SERVER_ID} if rare else {}),
        }


class Cloud(Server):
    """A Glimpse with one worker and `count` images, loaded by `glimpse load`.

    A context manager. `load_seconds` is how long the loading took.
    """

    def __init__(self, directory: Path, count: int) -> None:
        directory.mkdir()
        self.count = count
        state_dir = directory / "state"
        seed_identity(state_dir, [OWNER])
        lines = directory / "images.jsonl"
        with lines.open("w") as file:
            file.writelines(json.dumps(record) + "\n" for record in records(count))
        command = [sys.executable, "-m", "glimpse", "load", "--without-data", str(lines)]
        started = time.monotonic()
        subprocess.run(
            [*command, "--state-dir", str(state_dir)], check=True, stderr=subprocess.DEVNULL
        )
        self.load_seconds = time.monotonic() - started
        lines.unlink()
        self._process = GlimpseProcess(state_dir)
        self.port = self._process.port
        self.token = ""

    @property
    def pid(self) -> int:
        """The id of the process that serves."""
        return self._process.pid

    def start(self) -> None:
        """Start the process, and get a token for OWNER."""
        self._process.start()
        self.token = issue_token(f"{self.base_url}/identity", OWNER.name)

    def stop(self) -> None:
        """Stop the process."""
        self._process.stop()


class Nginx(ServerProcess):
    """nginx with one worker, serving the files of `www`."""

    def __init__(self, directory: Path) -> None:
        program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
        if program is None:
            sys.exit("nginx is needed; on Debian, as root: apt-get install nginx-light")
        self.www = directory / "www"
        self.www.mkdir()
        port = free_port()
        configuration = directory / "nginx.conf"
        configuration.write_text(_CONFIGURATION % {"directory": directory, "port": port})
        command = [program, "-p", str(directory), "-c", str(configuration)]
        super().__init__(command, port, directory / "nginx.log")

    @property
    def worker_pid(self) -> int:
        """The id of the process that serves."""
        return self.children()[0]


_CONFIGURATION = """\
worker_processes 1;
daemon off;
pid %(directory)s/nginx.pid;
error_log stderr;
events { worker_connections 64; }
http {
    access_log off;
    keepalive_requests 1000000;
    keepalive_timeout 600s;
    client_body_temp_path %(directory)s;
    default_type application/json;
    server { listen 127.0.0.1:%(port)s; root %(directory)s/www; }
}
"""
