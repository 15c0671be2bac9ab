"""Simultaneous requests through two workers: of what can happen once, one succeeds."""

import json
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.test_lost_uploads import make_image, names, status, upload
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


def at_once(act: Callable[..., int], *known: object) -> list[int]:
    """The statuses that so many clients get, in order; `known` comes before a client's number."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        return sorted(pool.map(partial(act, *known), range(CLIENTS)))


def send_request(cloud: EmbeddedCloud, method: str, target: str, body: bytes | None, _: int) -> int:
    return cloud.request("owner", method, target, body).status


def upload_own(cloud: EmbeddedCloud, image: str, number: int) -> int:
    return upload(cloud, image, data_of(number))


def data_of(number: int) -> bytes:
    return bytes([number]) * 300_000


def test_of_simultaneous_creations_with_one_id_one_succeeds(cloud: EmbeddedCloud) -> None:
    for _ in range(ROUNDS):
        body = json.dumps({"id": str(uuid.uuid4())}).encode()
        statuses = at_once(send_request, cloud, "POST", "/image/v2/images", body)
        assert statuses == [201] + [409] * (CLIENTS - 1)


def test_of_simultaneous_uploads_to_an_image_one_succeeds(cloud: EmbeddedCloud) -> None:
    for _ in range(ROUNDS):
        image = make_image(cloud)
        statuses = at_once(upload_own, cloud, image)
        assert statuses == [204] + [409] * (CLIENTS - 1)
        assert status(cloud, image) == "active"
        found = cloud.request("owner", "GET", f"/image/v2/images/{image}/file").body
        assert found in map(data_of, range(CLIENTS))
        assert names(cloud.state_dir).count(image) == 1, "a claim was left"


def test_of_simultaneous_deletions_one_succeeds_and_nothing_is_left(cloud: EmbeddedCloud) -> None:
    for _ in range(ROUNDS):
        image = make_image(cloud)
        assert upload(cloud, image, b"data") == 204
        target = f"/image/v2/images/{image}"
        statuses = at_once(send_request, cloud, "DELETE", target, None)
        assert statuses == [204] + [404] * (CLIENTS - 1)
        assert names(cloud.state_dir) == []


def test_an_image_that_is_deleted_while_data_come_leaves_nothing(cloud: EmbeddedCloud) -> None:
    def act(number: int) -> int:
        if number % 2:
            return upload(cloud, image, b"x" * 500_000)
        return cloud.request("owner", "DELETE", f"/image/v2/images/{image}").status

    for _ in range(ROUNDS):
        image = make_image(cloud)
        statuses = at_once(act)
        assert set(statuses) <= {204, 404, 409, 410}, statuses
        assert cloud.request("owner", "GET", f"/image/v2/images/{image}").status == 404
        assert names(cloud.state_dir) == []


def test_a_revocation_ends_a_token_in_every_worker(cloud: EmbeddedCloud) -> None:
    for _ in range(ROUNDS):
        cloud._tokens.clear()  # noqa: SLF001  a test cloud of ours
        token = cloud.token("owner") or ""
        headers = {"X-Auth-Token": token, "X-Subject-Token": token}

        def see(_: int, headers: dict[str, str] = headers) -> int:
            return request(cloud.address, "GET", "/v2.1/images", headers).status

        assert at_once(see) == [200] * CLIENTS  # every worker knows it
        revoked = request(cloud.address, "DELETE", "/identity/v3/auth/tokens", headers)
        assert revoked.status == 204, str(revoked)
        assert at_once(see) == [401] * CLIENTS
