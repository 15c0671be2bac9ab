"""`saving_for`: images stay in status saving, or importing, after the response."""

import os
import signal
import socket
from collections.abc import Callable

import pytest

from glimpse.testing import Cloud, cloud
from tests.faults.cloud_client import IMAGE_ID, IMAGES, SERVER_ID, CloudClient
from tests.faults.conftest import SEED
from tests.support.http import encode_head, read_response
from tests.support.process import wait_until

LONG = 600


def start_upload(client: CloudClient) -> str:
    image_id = client.create_image()
    assert client.upload(image_id) == 204
    return image_id


def start_snapshot(client: CloudClient) -> str:
    action = {"createImage": {"name": "nightly"}}
    accepted = client.send_json(f"/v2.1/servers/{SERVER_ID}/action", action)
    assert accepted.status == 202, str(accepted)
    return (accepted.header("Location") or "").rpartition("/")[2]


def start_import(client: CloudClient) -> str:
    image_id = client.create_image()
    assert client.upload(image_id, "stage") == 204
    method = {"method": {"name": "glance-direct"}}
    accepted = client.send_json(f"{IMAGES}/{image_id}/import", method)
    assert accepted.status == 202, str(accepted)
    return image_id


STARTS = [
    (start_upload, "image.upload_data", "saving"),
    (start_snapshot, "run_action", "saving"),
    (start_import, "image.import_data", "importing"),
]


@pytest.mark.parametrize(("start", "operation", "status"), STARTS)
def test_an_image_stays_in_its_status_until_the_seconds_are_over(
    faulty: Cloud,
    client: CloudClient,
    start: Callable[[CloudClient], str],
    operation: str,
    status: str,
) -> None:
    fault = faulty.faults.add(operation=operation, first=1, saving_for=1.5)
    image_id = start(client)
    assert fault.applied == 1
    wait_until(lambda: client.image_status(image_id) == status, f"it is never {status}")
    wait_until(lambda: client.image_status(image_id) == "active", f"it stays {status}")
    assert client.get(f"{IMAGES}/{image_id}").json()["size"] in (4000, 65536)


@pytest.mark.parametrize(("start", "operation", "status"), STARTS)
def test_a_reset_does_not_wait_for_an_image_that_stays_in_its_status(
    faulty: Cloud,
    client: CloudClient,
    start: Callable[[CloudClient], str],
    operation: str,
    status: str,
) -> None:
    faulty.faults.add(operation=operation, saving_for=LONG)
    image_id = start(client)
    wait_until(lambda: client.image_status(image_id) == status, f"it is never {status}")
    faulty.reset()
    assert client.get(f"{IMAGES}/{image_id}").status == 404


def test_an_upload_that_still_arrives_at_a_reset_is_completed(
    faulty: Cloud, client: CloudClient
) -> None:
    fault = faulty.faults.add(operation="image.upload_data", saving_for=LONG)
    image_id = client.create_image()
    headers = [
        *(("X-Auth-Token", client.token), ("Content-Type", "application/octet-stream")),
        ("Content-Length", "8"),
    ]
    head = encode_head(client.address, "PUT", f"{IMAGES}/{image_id}/file", headers, None)
    with socket.create_connection(client.address) as connection:
        connection.sendall(head + b"data")
        wait_until(lambda: client.image_status(image_id) == "saving", "the upload does not arrive")
        assert (fault.matched, fault.applied) == (1, 0)
        began = len(faulty.log.read_text())
        faulty.reset()
        connection.sendall(b"data")
        assert read_response(connection, "PUT").status == 204
    log = faulty.log.read_text()[began:]
    assert "ERROR" not in log, log


def test_a_reload_does_not_end_an_upload_that_is_delayed(
    faulty: Cloud, client: CloudClient
) -> None:
    faulty.faults.add(operation="image.upload_data", saving_for=1.5)
    image_id = start_upload(client)
    before = len(faulty.log.read_text())
    os.kill(faulty.pid, signal.SIGHUP)
    was_read = "The configuration was read again"
    wait_until(lambda: was_read in faulty.log.read_text()[before:], "nothing is reloaded")
    wait_until(lambda: client.image_status(image_id) == "active", "it stays saving")
    assert "ERROR" not in faulty.log.read_text()[before:]


def test_a_cloud_that_stops_undoes_an_upload_that_is_delayed_without_an_error() -> None:
    with cloud(SEED) as stopping:
        stopping.faults.add(operation="image.upload_data", saving_for=LONG)
        start_upload(CloudClient(stopping))
        log = stopping.log.open()
    with log:
        text = log.read()
    assert "has stopped" in text
    assert "ERROR" not in text, text


def test_an_import_of_a_deleted_image_ends_before_its_seconds(
    faulty: Cloud, client: CloudClient
) -> None:
    faulty.faults.add(operation="image.import_data", saving_for=LONG)
    image_id = start_import(client)
    wait_until(lambda: client.image_status(image_id) == "importing", "it is never importing")
    assert client.send("DELETE", f"{IMAGES}/{image_id}").status == 204
    ended = "the image was deleted"
    wait_until(lambda: ended in faulty.log.read_text(), "the import goes on")


def test_other_requests_with_the_fault_are_served_as_usual(
    faulty: Cloud, client: CloudClient
) -> None:
    faulty.faults.add(saving_for=LONG)
    assert client.get().status == 200
    assert client.create_image()
    assert [fault.applied for fault in faulty.faults.list()] == [0]


def test_an_upload_that_is_refused_gets_the_refusal(faulty: Cloud, client: CloudClient) -> None:
    fault = faulty.faults.add(operation="image.upload_data", saving_for=LONG)
    assert client.upload(IMAGE_ID) == 409
    assert client.upload("00000000-0000-0000-0000-000000000000") == 404
    assert (fault.matched, fault.applied) == (2, 0)
