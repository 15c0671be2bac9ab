"""The Compute API permits what the table of tenancy says, for each caller and image."""

import json

import pytest

from tests.acceptance.tenancy import (
    ATTRIBUTES,
    CALLERS,
    KEY,
    OPERATIONS,
    OUTCOMES,
    UNKNOWN_CALLERS,
    Operation,
    expected_status,
    image_document,
)
from tests.support.cloud import Cloud
from tests.support.http import Response, request

FAULTS = {403: "forbidden", 404: "itemNotFound"}


def send_request(cloud: Cloud, token: str | None, operation: Operation, image_id: str) -> Response:
    headers = {"Content-Type": "application/json"} if operation.body else {}
    if token is not None:
        headers["X-Auth-Token"] = token
    target = operation.target(image_id)
    return request(cloud.address, operation.method, target, headers, operation.payload)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
@pytest.mark.parametrize("kind", ATTRIBUTES)
@pytest.mark.parametrize("caller", CALLERS)
def test_responses_match_the_table(
    caller: str, kind: str, operation: Operation, cloud: Cloud
) -> None:
    image = image_document(kind)
    cloud.put_images([image])
    response = send_request(cloud, cloud.token(caller), operation, image["id"])
    assert response.status == expected_status(operation, caller, kind), str(response)
    assert response.fault == FAULTS.get(response.status), str(response)
    if operation.needs == "L":
        listed = {each["id"] for each in response.json()["images"]}
        assert (image["id"] in listed) == ("L" in OUTCOMES[caller, kind]), str(response)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
@pytest.mark.parametrize("kind", ATTRIBUTES)
@pytest.mark.parametrize("caller", UNKNOWN_CALLERS)
def test_without_a_valid_token_everything_is_401(
    caller: str, kind: str, operation: Operation, cloud: Cloud, expired_token: str
) -> None:
    image = image_document(kind)
    cloud.put_images([image])
    response = send_request(
        cloud, expired_token if caller == "expired" else None, operation, image["id"]
    )
    assert response.status == expected_status(operation, caller, kind), str(response)
    assert response.header("WWW-Authenticate"), str(response)
    assert image["id"] not in response.body.decode(), str(response)


@pytest.mark.parametrize("kind", ATTRIBUTES)
def test_refused_writes_change_nothing(kind: str, cloud: Cloud) -> None:
    image = image_document(kind)
    cloud.put_images([image])
    for caller in ("member", "pending", "other"):
        for operation in OPERATIONS:
            if operation.needs in "ED":
                send_request(cloud, cloud.token(caller), operation, image["id"])
    response = cloud.request("owner", "GET", f"/v2.1/images/{image['id']}/metadata")
    assert json.loads(response.body) == {"metadata": {KEY: "debian"}}, str(response)
