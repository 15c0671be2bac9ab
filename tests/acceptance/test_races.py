"""Of simultaneous conflicting requests through two workers, exactly one succeeds."""

import json
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.uploads import create_image, image_status, stored_files, upload
from tests.support.cloud import EmbeddedCloud
from tests.support.http import request
from tests.support.process import GlimpseProcess

CLIENTS = 8
ROUNDS = 5


@pytest.fixture
def cloud(state_dir: Path) -> Iterator[EmbeddedCloud]:
    with GlimpseProcess(state_dir, arguments=["--workers", "2"]) as process:
        started = EmbeddedCloud(process)
        started.token("owner")
        yield started


def at_once(act: Callable[..., int], *arguments: object) -> list[int]:
    """Call `act` in CLIENTS threads; return the status codes, sorted.

    `known` are its first arguments; the last one is the number of the client.
    """
    with ThreadPoolExecutor(CLIENTS) as pool:
        return sorted(pool.map(partial(act, *arguments), range(CLIENTS)))


def send_request(cloud: EmbeddedCloud, method: str, target: str, body: bytes | None, _: int) -> int:
    return cloud.request("owner", method, target, body).status


def upload_data_of(cloud: EmbeddedCloud, image: str, number: int) -> int:
    return upload(cloud, image, data_of(number)).status


def data_of(number: int) -> bytes:
    return bytes([number]) * 300_000


def test_one_of_simultaneous_creations_with_one_id_succeeds(cloud: EmbeddedCloud) -> None:
    for _ in range(ROUNDS):
        body = json.dumps({"id": str(uuid.uuid4())}).encode()
        statuses = at_once(send_request, cloud, "POST", "/image/v2/images", body)
        assert statuses == [201] + [409] * (CLIENTS - 1)


def test_one_of_simultaneous_uploads_to_an_image_succeeds(cloud: EmbeddedCloud) -> None:
    for _ in range(ROUNDS):
        image = create_image(cloud)
        statuses = at_once(upload_data_of, cloud, image)
        assert statuses == [204] + [409] * (CLIENTS - 1)
        assert image_status(cloud, image) == "active"
        found = cloud.request("owner", "GET", f"/image/v2/images/{image}/file").body
        assert found in map(data_of, range(CLIENTS))
        assert stored_files(cloud.state_dir).count(image) == 1, "the lock of an upload was left"


def test_one_of_simultaneous_deletions_succeeds_and_no_file_is_left(cloud: EmbeddedCloud) -> None:
    for _ in range(ROUNDS):
        image = create_image(cloud)
        assert upload(cloud, image, b"data").status == 204
        target = f"/image/v2/images/{image}"
        statuses = at_once(send_request, cloud, "DELETE", target, None)
        assert statuses == [204] + [404] * (CLIENTS - 1)
        assert stored_files(cloud.state_dir) == []


def test_deletion_during_an_upload_leaves_no_file(cloud: EmbeddedCloud) -> None:
    def act(number: int) -> int:
        if number % 2:
            return upload(cloud, image, b"x" * 500_000).status
        return cloud.request("owner", "DELETE", f"/image/v2/images/{image}").status

    for _ in range(ROUNDS):
        image = create_image(cloud)
        statuses = at_once(act)
        assert set(statuses) <= {204, 404, 409, 410}, statuses
        assert cloud.request("owner", "GET", f"/image/v2/images/{image}").status == 404
        assert stored_files(cloud.state_dir) == []


def test_one_of_simultaneous_additions_of_a_member_succeeds(cloud: EmbeddedCloud) -> None:
    body = b'{"member": "collector"}'
    for _ in range(ROUNDS):
        members = f"/image/v2/images/{create_image(cloud, 'shared')}/members"
        assert at_once(send_request, cloud, "POST", members, body) == [200] + [409] * (CLIENTS - 1)
        member = f"{members}/collector"
        assert at_once(send_request, cloud, "GET", member, None) == [200] * CLIENTS
        removed = at_once(send_request, cloud, "DELETE", member, None)
        assert removed == [204] + [404] * (CLIENTS - 1)
        assert at_once(send_request, cloud, "GET", member, None) == [404] * CLIENTS


def test_simultaneous_additions_of_several_members_are_all_kept(cloud: EmbeddedCloud) -> None:
    members = f"/image/v2/images/{create_image(cloud, 'shared')}/members"

    def add(number: int) -> int:
        body = json.dumps({"member": f"p{number}"}).encode()
        return cloud.request("owner", "POST", members, body).status

    assert at_once(add) == [200] * CLIENTS
    document = cloud.request("owner", "GET", members).json()
    assert {each["member_id"] for each in document["members"]} == {f"p{n}" for n in range(CLIENTS)}


def test_a_revocation_ends_a_token_in_every_worker(cloud: EmbeddedCloud) -> None:
    for _ in range(ROUNDS):
        cloud._tokens.clear()  # noqa: SLF001  to get a new token
        token = cloud.token("owner") or ""
        headers = {"X-Auth-Token": token, "X-Subject-Token": token}

        def list_images(_: int, headers: dict[str, str] = headers) -> int:
            return request(cloud.address, "GET", "/v2.1/images", headers).status

        assert at_once(list_images) == [200] * CLIENTS  # now every worker has cached it
        revoked = request(cloud.address, "DELETE", "/identity/v3/auth/tokens", headers)
        assert revoked.status == 204, str(revoked)
        assert at_once(list_images) == [401] * CLIENTS
