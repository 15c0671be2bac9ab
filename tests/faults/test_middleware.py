"""Faults as clients of a running cloud see them."""

import socket
import threading
import time
from collections.abc import Callable

import pytest

from glimpse.testing import Cloud, ControlFailed, cloud
from tests.faults.cloud_client import IMAGE_ID, IMAGES, CloudClient
from tests.support.http import encode_head, read_response
from tests.support.process import wait_until

ClientOf = Callable[[str], CloudClient]


def test_a_status_replaces_the_first_responses(faulty: Cloud, client: CloudClient) -> None:
    fault = faulty.faults.add(operation="image.list_images", first=2, status=503, retry_after=7)
    refused = client.get()
    assert refused.status == 503, str(refused)
    assert refused.header("Retry-After") == "7"
    assert refused.json()["error"]["code"] == 503
    assert [client.get().status for _ in range(2)] == [503, 200]
    assert (fault.matched, fault.applied) == (3, 2)
    logged = [each for each in faulty.requests if each.operation == "image.list_images"]
    assert [each.status for each in logged] == [503, 503, 200]


def test_a_status_has_any_body_and_headers(faulty: Cloud, client: CloudClient) -> None:
    body = {"message": "no more"}
    faulty.faults.add(status=413, body=body, response_headers={"X-Limit": "5"})
    refused = client.get("/v2.1/images")
    assert (refused.status, refused.json(), refused.header("X-Limit")) == (413, body, "5")
    assert refused.header("X-Openstack-Request-Id") == faulty.requests[-1].request_id


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_that_has_no_body_is_sent_without_the_body_of_the_rule(
    faulty: Cloud, client: CloudClient, status: int
) -> None:
    faulty.faults.add(operation="list_images", status=status, body="x")
    for _ in range(2):
        response = client.get("/v2.1/images")
        assert (response.status, response.body) == (status, b""), str(response)
    assert "Traceback" not in faulty.log.read_text()


def test_a_request_with_a_status_is_not_performed(faulty: Cloud, client: CloudClient) -> None:
    with faulty.faults.add(operation="image.delete_image", status=500):
        refused = client.send("DELETE", f"{IMAGES}/{IMAGE_ID}")
        assert refused.status == 500, str(refused)
    assert client.get(f"{IMAGES}/{IMAGE_ID}").status == 200


@pytest.mark.parametrize(
    ("rule", "method", "path"),
    [
        ({"operation": "list_images_detail"}, "GET", "/v2.1/images/detail"),
        ({"operation": "delete_image"}, "DELETE", f"/v2.1/images/{IMAGE_ID}"),
        ({"operation": "image.show_image"}, "GET", f"/image/v2.15/images/{IMAGE_ID}"),
        ({"operation": "image.upload_data"}, "PUT", f"{IMAGES}/{IMAGE_ID}/file"),
        ({"operation": "image.list_images"}, "GET", "//image//v2/images"),
        ({"operation": "identity.list_projects"}, "GET", "/identity/v3/projects/"),
        ({"operation": "identity.issue"}, "POST", "/identity/v3/auth/tokens"),
        ({"operation": "other"}, "GET", "/image/v2/nothing"),
        ({"operation": "other"}, "GET", "/v2.1//images"),  # which the Compute API does not find
        ({"method": "PATCH"}, "PATCH", f"{IMAGES}/{IMAGE_ID}"),
        ({"path": "/identity/*"}, "GET", "/identity/v3"),
        ({"headers": {"x-auth-token": "*"}}, "GET", "/v2.1/images"),
    ],
)
def test_rules_match_the_requests_of_each_api(
    faulty: Cloud, client: CloudClient, rule: dict[str, object], method: str, path: str
) -> None:
    with faulty.faults.add(status=418, **rule):
        response = client.send(method, path, (), b"" if method != "GET" else None)
        assert response.status == 418, str(response)


def test_rules_match_projects_and_user_agents(faulty: Cloud, client_of: ClientOf) -> None:
    faulty.faults.add(project="demo", user_agent="*sdk*", status=500)
    demo, alt = client_of("demo"), client_of("alt")
    assert demo.get(User_Agent="openstacksdk").status == 500
    assert demo.get(User_Agent="curl").status == 200
    assert alt.get(User_Agent="openstacksdk").status == 200


def test_the_connection_is_reset(faulty: Cloud, client: CloudClient) -> None:
    faulty.faults.add(reset_connection=True, first=1)
    with pytest.raises(ConnectionResetError):
        client.get()
    assert faulty.requests[-1].status is None
    assert client.get().status == 200


def test_the_response_is_cut(faulty: Cloud, client: CloudClient) -> None:
    whole = client.get().body
    faulty.faults.add(path=IMAGES, cut_after=20)
    with socket.create_connection(client.address) as connection:
        head = encode_head(client.address, "GET", IMAGES, [("X-Auth-Token", client.token)], None)
        connection.sendall(head)
        with connection.makefile("rb") as stream:
            received = stream.read()
    assert received.endswith(b"\r\n\r\n" + whole[:20])
    faulty.faults.clear()
    faulty.faults.add(path=IMAGES, cut_after=len(whole))
    assert client.get().body == whole


def test_a_body_is_sent_slowly(faulty: Cloud, client: CloudClient) -> None:
    whole = client.get().body
    faulty.faults.add(operation="image.list_images", bytes_per_second=5 * len(whole))
    began = time.monotonic()
    assert client.get().body == whole
    assert time.monotonic() - began > 0.15


def test_a_response_is_delayed(faulty: Cloud, client: CloudClient) -> None:
    faulty.faults.add(delay=0.2)
    faulty.faults.add(delay=0.1, status=504)
    began = time.monotonic()
    assert client.get().status == 504
    assert time.monotonic() - began > 0.3


def test_a_rate_limit_says_when_to_retry(faulty: Cloud, client: CloudClient) -> None:
    faulty.faults.add(path="/image/*", rate_limit=2, rate_seconds=600)
    found = [client.get() for _ in range(4)]
    assert [each.status for each in found] == [200, 200, 429, 429]
    assert 590 <= int(found[-1].header("Retry-After") or 0) <= 600


def test_a_list_is_stale(faulty: Cloud, client: CloudClient, client_of: ClientOf) -> None:
    fault = faulty.faults.add(operation="image.list_images", stale_for=600)
    before = client.get()
    assert client.send("DELETE", f"{IMAGES}/{IMAGE_ID}").status == 204
    after = client.get()
    assert (after.status, after.body) == (before.status, before.body)
    assert client.get(f"{IMAGES}/{IMAGE_ID}").status == 404
    assert client.get(f"{IMAGES}?limit=1").json()["images"] == []
    assert client_of("alt").get().json()["images"] == []
    fault.remove()
    assert client.get().json()["images"] == []


def test_a_request_in_progress_ends_in_the_state_before_a_reset(
    faulty: Cloud, client: CloudClient
) -> None:
    fault = faulty.faults.add(operation="image.list_images", delay=0.5)
    created = client.create_image()
    found: list[list[str]] = []

    def list_ids() -> None:
        found.append([image["id"] for image in client.get().json()["images"]])

    thread = threading.Thread(target=list_ids)
    thread.start()
    wait_until(lambda: fault.applied == 1, "the request does not arrive")
    faulty.reset()
    list_ids()
    thread.join()
    assert found == [[IMAGE_ID], [created, IMAGE_ID]]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"staus": 503}, "staus: this key is unknown: did you mean status?"),
        (
            {"operation": "image.list_image", "status": 503},
            "operation: no operation matches it: did you mean image.list_images?",
        ),
        ({"method": "get", "status": 503}, "method: no method matches it: did you mean GET?"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(
    faulty: Cloud, rule: dict[str, object], message: str
) -> None:
    with pytest.raises(ControlFailed) as caught:
        faulty.faults.add(**rule)
    assert str(caught.value) == message
    assert faulty.faults.list() == []


def test_the_faults_of_a_seed_are_there_from_the_start_and_after_a_reset() -> None:
    with cloud({"faults": [{"path": "/v2.1/*", "first": 1, "status": 503}]}) as started:
        client = CloudClient(started)
        for _ in range(2):
            assert [client.get("/v2.1/images").status for _ in range(2)] == [503, 200]
            started.reset()


def test_requests_of_two_connections_are_delayed_side_by_side(
    faulty: Cloud, client: CloudClient
) -> None:
    faulty.faults.add(path="/v2.1/images", delay=0.5)
    with socket.create_connection(client.address) as connection:
        head = [("X-Auth-Token", client.token)]
        connection.sendall(encode_head(client.address, "GET", "/v2.1/images", head, None))
        began = time.monotonic()
        threads = [threading.Thread(target=client.get, args=("/v2.1/images",)) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert read_response(connection, "GET").status == 200
        for thread in threads:
            thread.join()
    assert len([each for each in faulty.requests if each.path == "/v2.1/images"]) == 5
    assert time.monotonic() - began < 2.4, "they waited one after the other"


def test_only_requests_that_a_fault_changed_are_counted_as_applied(
    faulty: Cloud, client: CloudClient
) -> None:
    whole = client.get().body
    limit = faulty.faults.add(operation="image.list_images", rate_limit=2, rate_seconds=600)
    status = faulty.faults.add(operation="image.list_images", status=503)
    slow = faulty.faults.add(operation="image.list_images", delay=0.01, status=503)
    assert [client.get().status for _ in range(3)] == [200, 200, 429]
    counts = [(each.matched, each.applied) for each in (limit, status, slow)]
    assert counts == [(3, 1), (3, 0), (3, 3)]
    faulty.faults.clear()
    changes = {"cut_after": len(whole), "bytes_per_second": 1000, "stale_for": 600}
    for (key, value), expected in zip(changes.items(), (0, 2, 1), strict=True):
        with faulty.faults.add(operation="image.list_images", **{key: value}) as fault:
            assert [client.get().body for _ in range(2)] == [whole, whole]
            assert (fault.matched, fault.applied) == (2, expected), key
    with faulty.faults.add(operation="image.delete_image", bytes_per_second=1000) as fault:
        assert client.send("DELETE", f"{IMAGES}/{IMAGE_ID}").status == 204
        assert (fault.matched, fault.applied) == (1, 0), "a response without a body is not slowed"


@pytest.mark.parametrize("effect", [{"cut_after": 0}, {"reset_connection": True}])
def test_a_request_that_is_cut_or_reset_is_counted_as_applied(
    faulty: Cloud, client: CloudClient, effect: dict[str, object]
) -> None:
    fault = faulty.faults.add(operation="image.list_images", **effect)
    with pytest.raises((ValueError, ConnectionResetError)):
        client.get()
    assert (fault.matched, fault.applied) == (1, 1)
