"""The Image API permits what the table of tenancy says, as a real Glance does."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.acceptance.conftest import READER
from tests.acceptance.tenancy import (
    ATTRIBUTES,
    CALLERS,
    KEY,
    OUTCOMES,
    UNKNOWN_CALLERS,
    image_document,
)
from tests.support.cloud import Cloud
from tests.support.http import Response, request

CHANGES = json.dumps([{"op": "replace", "path": f"/{KEY}", "value": "x"}]).encode()
PATCH = "application/openstack-images-v2.1-json-patch"
# method, path below /v2/images, the letter needed, the status of success, body, media type
OPERATIONS: dict[str, tuple[str, str, str, int, bytes | None, str]] = {
    "list": ("GET", "?limit=1000", "L", 200, None, ""),
    "show": ("GET", "/{id}", "V", 200, None, ""),
    "download": ("GET", "/{id}/file", "V", 204, None, ""),
    "update": ("PATCH", "/{id}", "E", 200, CHANGES, PATCH),
    "upload": ("PUT", "/{id}/file", "E", 409, b"x", "application/octet-stream"),
    "delete": ("DELETE", "/{id}", "D", 204, None, ""),
}


def send_request(cloud: Cloud, token: str | None, operation: str, image_id: str) -> Response:
    method, path, _, _, body, kind = OPERATIONS[operation]
    place = urlsplit(cloud.image_url_at(cloud.process.base_url))
    headers = {"Content-Type": kind} if kind else {}
    if token is not None:
        headers["X-Auth-Token"] = token
    target = f"{place.path}/v2/images{path.format(id=image_id)}"
    return request((str(place.hostname), place.port or 80), method, target, headers, body)


def expected(operation: str, outcome: str) -> int:
    _, _, needs, success, _, _ = OPERATIONS[operation]
    if needs in ("L", *outcome):
        return success  # for an upload, 409: it is permitted, and the image has data already
    return 403 if "V" in outcome else 404


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("kind", ATTRIBUTES)
@pytest.mark.parametrize("caller", CALLERS)
def test_responses_match_the_table(caller: str, kind: str, operation: str, cloud: Cloud) -> None:
    image = image_document(kind)
    cloud.put_images([image])
    response = send_request(cloud, cloud.token(caller), operation, image["id"])
    outcome = OUTCOMES[caller, kind]
    assert response.status == expected(operation, outcome), str(response)
    if operation == "list":
        listed = {each["id"] for each in response.json()["images"]}
        assert (image["id"] in listed) == ("L" in outcome), str(response)
    cloud.put_images([], absent=[image["id"]] if kind != "protected" else [])


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("caller", UNKNOWN_CALLERS)
def test_without_a_valid_token_everything_is_401(
    caller: str, operation: str, cloud: Cloud, expired_token: str
) -> None:
    image = image_document("public")
    cloud.put_images([image])
    response = send_request(
        cloud, expired_token if caller == "expired" else None, operation, image["id"]
    )
    assert response.status == 401, str(response)
    assert response.header("WWW-Authenticate"), str(response)
    assert image["id"] not in response.body.decode(), str(response)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_reader_changes_nothing(operation: str, cloud: Cloud) -> None:
    image: dict[str, Any] = {**image_document("private"), "owner": READER.project_id}
    cloud.put_images([image])
    response = send_request(cloud, cloud.token(READER.name), operation, image["id"])
    assert response.status == (200 if operation in ("list", "show") else 403), str(response)
