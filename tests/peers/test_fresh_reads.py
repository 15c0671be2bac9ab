"""Writers, and readers through either worker of a gateway that reads Glance's database.

A read that begins after a write was acknowledged sees that write, whichever worker serves either.
FRESH_READS_SECONDS sets for how long they read and write (30).
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, cycle
from typing import Any

import pytest

from tests.peers.conftest import DATES, OWNER
from tests.peers.glance_databases import start_mariadb, start_postgresql
from tests.peers.peer_cloud import PeerCloud
from tests.peers.peer_gateway import PeerGateway
from tests.support.http import Response, request

pytestmark = pytest.mark.peers
SECONDS = float(os.environ.get("FRESH_READS_SECONDS", "30"))
READERS = 4
LEAST = 10  # writes, deletions and reads, if a busy machine has not done so many in SECONDS
LATE_SECONDS = 90.0  # at most, for that
KEPT = 5  # created images that are not deleted yet
COUNTED = f"{0xC0:032x}"
WRITTEN = "/v2.1/images/{}/metadata/number"


@pytest.fixture(scope="module", params=[start_mariadb, start_postgresql])
def cloud(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PeerGateway]:
    """A gateway of two workers that responds 503 rather than read from Glance's API."""
    directory = tmp_path_factory.mktemp("fresh")
    with (
        request.param(directory) as database,
        PeerCloud.start(directory / "peers", database=database) as peers,
    ):
        peers.add_members([OWNER])
        database.grant_reads()
        configuration = f"[glance_database]\nconnection = {database.reader_url}\nfallback = refuse"
        with PeerGateway.start(peers, configuration, workers=2) as cloud:
            yield cloud


class Traffic:
    """Requests to one gateway, and the reads that were stale.

    `number` is the last acknowledged value of the metadata ``number`` of the image COUNTED.
    `created` and `deleted` are the ids of acknowledged creations and deletions, `deleting` those
    of all deletions that were sent. They are replaced, not changed, so that a thread that reads one
    has all of it.
    """

    def __init__(self, cloud: PeerGateway) -> None:
        self._cloud = cloud
        self._end = time.monotonic() + SECONDS
        self.number = 0
        self.created: frozenset[str] = frozenset()
        self.deleting: frozenset[str] = frozenset()
        self.deleted: frozenset[str] = frozenset()
        self.reads = 0
        self.stale: list[str] = []

    @property
    def done(self) -> tuple[int, int, int]:
        """The number of writes, of deletions and of reads."""
        return self.number, len(self.deleted), self.reads

    def _goes_on(self) -> bool:
        """Return True until SECONDS are over and there were LEAST of each kind of request."""
        late = time.monotonic() - self._end
        return late < 0 or (late < LATE_SECONDS and min(self.done) < LEAST)

    def _get(self, path: str) -> Response:
        return self._cloud.request("owner", "GET", f"/v2.1/images{path}")

    def write_numbers(self) -> None:
        """Set the numbers 1, 2, 3 and so on."""
        for number in count(1):
            if not self._goes_on():
                return
            body = json.dumps({"meta": {"number": str(number)}}).encode()
            written = self._cloud.request("owner", "PUT", WRITTEN.format(COUNTED), body)
            assert written.status == 200, str(written)
            self.number = number

    def create_and_delete(self) -> None:
        """Create images with Glance's API, and delete the oldest with the gateway's."""
        kept: list[str] = []
        while self._goes_on():
            kept.append(self._create())
            self.created |= {kept[-1]}
            if len(kept) > KEPT:
                image_id = kept.pop(0)
                self.deleting |= {image_id}
                done = self._cloud.request("owner", "DELETE", f"/v2.1/images/{image_id}")
                assert done.status == 204, str(done)
                self.deleted |= {image_id}

    def _create(self) -> str:
        document = {"name": "created", "disk_format": "raw", "container_format": "bare"}
        headers = {"X-Auth-Token": self._cloud.token("owner") or ""}
        headers["Content-Type"] = "application/json"
        body = json.dumps(document).encode()
        made = request(self._cloud.peers.glance.address, "POST", "/v2/images", headers, body)
        assert made.status == 201, str(made)
        return str(made.json()["id"])

    def read(self) -> None:
        """Compare each kind of read with what was acknowledged before it began."""
        reads: list[Callable[[], None]] = [
            lambda: self._read_number(f"/{COUNTED}", lambda body: body["image"]["metadata"]),
            lambda: self._read_number(f"/{COUNTED}/metadata", lambda body: body["metadata"]),
            lambda: self._read_number(f"/{COUNTED}/metadata/number", lambda body: body["meta"]),
            lambda: self._read_number("/detail", _listed_metadata),
            lambda: self._read_number("/detail?name=counted", _listed_metadata),
            lambda: self._read_list(""),
            lambda: self._read_list("/detail"),
            lambda: self._read_list("?name=created"),
            self._read_created_and_deleted,
        ]
        for each in cycle(reads):
            if not self._goes_on():
                return
            each()
            self.reads += 1

    def _read_number(self, path: str, metadata: Callable[[Any], Any]) -> None:
        acknowledged = self.number
        response = self._get(path)
        assert response.status == 200, str(response)
        found = int(metadata(response.json())["number"])
        if found < acknowledged:
            self.stale.append(f"{path}: {found} after {acknowledged} was acknowledged")

    def _read_list(self, path: str) -> None:
        created, deleted = self.created, self.deleted
        response = self._get(path)
        assert response.status == 200, str(response)
        found = {image["id"] for image in response.json()["images"]}
        missing = created - self.deleting - found
        if missing or found & deleted:
            self.stale.append(f"{path}: without {missing}, and with {found & deleted}")

    def _read_created_and_deleted(self) -> None:
        created, deleted = self.created, self.deleted
        for image_id in [*created - deleted]:
            status = self._get(f"/{image_id}").status
            if status != 200 and image_id not in self.deleting:
                self.stale.append(f"{status} for {image_id}, which was created")
        for image_id in [*deleted][:KEPT]:
            status = self._get(f"/{image_id}").status
            if status != 404:
                self.stale.append(f"{status} for {image_id}, which was deleted")


def _listed_metadata(body: Any) -> Any:
    return next(image["metadata"] for image in body["images"] if image["name"] == "counted")


def test_no_read_is_older_than_the_last_write_that_was_acknowledged_before_it(
    cloud: PeerGateway,
) -> None:
    """Each request is a connection of its own, and so is for either of the two workers."""
    image = {"id": COUNTED, "name": "counted", "status": "active", "size": 7, "number": "0"}
    cloud.put_images([{**image, **DATES, "owner": OWNER.project_id}])
    # Glance logs in before the workers do: Keystone's SQLite may refuse logins at the same time.
    headers = {"X-Auth-Token": cloud.token(OWNER.name) or ""}
    assert request(cloud.peers.glance.address, "GET", "/v2/images", headers).status == 200
    traffic = Traffic(cloud)
    with ThreadPoolExecutor(READERS + 2) as threads:
        clients = [threads.submit(traffic.write_numbers), threads.submit(traffic.create_and_delete)]
        clients += [threads.submit(traffic.read) for _ in range(READERS)]
    for client in clients:
        client.result()
    assert traffic.stale == [], f"{len(traffic.stale)} of {traffic.reads} reads were stale"
    assert min(traffic.done) >= LEAST, f"{traffic.done}: too few to see a stale read"
    for operation in ("show_image", "list_images_detail", "set_metadata_item", "delete_image"):
        assert _processes(cloud, operation) == {*cloud.process.children()}, operation


def _processes(cloud: PeerGateway, operation: str) -> set[int]:
    """Return the ids of the processes that served an operation, by the access log."""
    return {
        int(line.split()[2])
        for line in cloud.process.log.read_text().splitlines()
        if f" operation: {operation} " in line
    }
