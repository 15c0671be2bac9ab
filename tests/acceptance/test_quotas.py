"""Quotas of the embedded Image API, as the operator sets them, with two workers."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.acceptance.uploads import create_image, image_status, upload
from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.disk_images import MEBIBYTE
from tests.support.http import Response, request
from tests.support.parameter_ids import parameter_id
from tests.support.process import GlimpseProcess

USERS = [
    *(Member(name, f"{number:032x}") for number, name in enumerate(("owner", "other", "third"))),
    Member("admin", f"{9:032x}", ("admin",)),
]
CONFIGURATION = """
[glimpse]
workers = 2
[embedded]
user_storage_quota = 3MB
image_count_total = 8
image_property_quota = 2
image_tag_quota = 1
image_member_quota = 1
[image_format]
require_image_format_match = false
[import]
allowed_networks = 192.0.2.0/24
"""
PATCH = "application/openstack-images-v2.1-json-patch"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    directory = tmp_path_factory.mktemp("quotas")
    file = directory / "glimpse.conf"
    file.write_text(CONFIGURATION)
    seed_identity(directory / "state", USERS)
    with GlimpseProcess(directory / "state", arguments=["--config-file", str(file)]) as process:
        yield EmbeddedCloud(process)


def send(cloud: EmbeddedCloud, user: str, method: str, path: str, body: object = None) -> Response:
    """Send one request. Bytes are sent as image data, another body as JSON."""
    kind = PATCH if method == "PATCH" else "application/json"
    headers = {"X-Auth-Token": cloud.token(user) or "", "Content-Type": kind}
    if isinstance(body, bytes):
        headers["Content-Type"] = "application/octet-stream"
        return request(cloud.address, method, f"/image/v2{path}", headers, body)
    data = None if body is None else json.dumps(body).encode()
    return request(cloud.address, method, f"/image/v2{path}", headers, data)


def test_the_number_and_the_size_of_images_are_limited_and_reported(cloud: EmbeddedCloud) -> None:
    images = [create_image(cloud) for _ in range(5)]

    with ThreadPoolExecutor(8) as threads:
        created = threads.map(
            lambda _: send(cloud, "owner", "POST", "/images", {}).status, range(10)
        )
        uploaded = threads.map(lambda image: upload(cloud, image, b"x" * MEBIBYTE).status, images)
        assert Counter(created) == {201: 3, 413: 7}
        assert Counter(uploaded) == {204: 3, 413: 2}
    statuses = Counter(image_status(cloud, image) for image in images)
    assert statuses == {"active": 3, "queued": 2}
    assert send(cloud, "owner", "GET", "/info/usage").json() == {
        "usage": {
            "image_size_total": {"usage": 3, "limit": -1},
            "image_stage_total": {"usage": 0, "limit": -1},
            "image_count_total": {"usage": 8, "limit": 8},
            "image_count_uploading": {"usage": 0, "limit": -1},
        }
    }
    queued = next(image for image in images if image_status(cloud, image) == "queued")
    refused = upload(cloud, queued, b"x")
    assert refused.status == 413, str(refused)
    assert b"Image exceeds the storage quota: The size of the data 1 will" in refused.body
    active = next(image for image in images if image_status(cloud, image) == "active")
    assert send(cloud, "owner", "DELETE", f"/images/{active}").status == 204
    assert upload(cloud, queued, b"x").status == 204
    assert send(cloud, "other", "POST", "/images", {}).status == 201


def test_properties_tags_and_members_of_an_image_are_limited(cloud: EmbeddedCloud) -> None:
    def refused(response: Response) -> str:
        assert response.status == 413, str(response)
        return response.body.decode()

    most: dict[str, Any] = {"a": "1", "b": "2", "tags": ["x"], "visibility": "shared"}
    image = send(cloud, "other", "POST", "/images", most).json()["id"]
    path = f"/images/{image}"
    message = "The limit has been exceeded on the number of allowed image"
    too_many = send(cloud, "other", "POST", "/images", {**most, "c": "3"})
    assert f"{message} properties. Attempted: 3, Maximum: 2" in refused(too_many)
    add = [{"op": "add", "path": "/c", "value": "3"}]
    assert f"{message} properties. Attempted: 3" in refused(
        send(cloud, "other", "PATCH", path, add)
    )
    tags = [{"op": "replace", "path": "/tags", "value": ["x", "y"]}]
    assert f"{message} tags. Attempted: 2" in refused(send(cloud, "other", "PATCH", path, tags))
    assert send(cloud, "other", "POST", f"{path}/members", {"member": "x"}).status == 200
    another = send(cloud, "other", "POST", f"{path}/members", {"member": "y"})
    assert f"{message} members for this image. Attempted: 2, Maximum: 1" in refused(another)


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"a": "1", "b": "2", "c": "3"}, "number of allowed image properties. Attempted: 3"),
        ({"min_ram": 2**40}, "Invalid value for 'min_ram'"),
    ],
    ids=parameter_id,
)
def test_a_task_that_creates_an_image_beyond_the_limits_fails(
    cloud: EmbeddedCloud, properties: dict[str, Any], message: str
) -> None:
    image = {"disk_format": "raw", "container_format": "bare", **properties}
    source = {"import_from": "http://192.0.2.1/x", "import_from_format": "raw"}
    task = {"type": "import", "input": {**source, "image_properties": image}}
    created = send(cloud, "admin", "POST", "/tasks", task)
    assert created.status == 201, str(created)
    shown = send(cloud, "admin", "GET", f"/tasks/{created.json()['id']}").json()
    assert shown["status"] == "failure"
    assert message in shown["message"]


def test_data_of_another_format_is_accepted_if_the_operator_allows_it(
    cloud: EmbeddedCloud,
) -> None:
    formats = {"disk_format": "qcow2", "container_format": "bare"}
    image = send(cloud, "third", "POST", "/images", formats).json()["id"]
    response = send(cloud, "third", "PUT", f"/images/{image}/file", b"no qcow2")
    assert response.status == 204, str(response)
