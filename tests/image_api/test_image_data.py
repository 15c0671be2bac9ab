"""Uploads and downloads of image data through the Image API."""

import hashlib
import resource
import socket
import sys

import pytest

from tests.image_api.conftest import MEBIBYTE, Api
from tests.support import disk_images
from tests.support.http import encode_head, read_response
from tests.support.parameter_ids import parameter_id
from tests.support.process import wait_until


def test_data_is_downloaded_as_it_was_uploaded(api: Api) -> None:
    data = bytes(range(256)) * 1000
    image_id = api.create_with_data(data)
    image = api("GET", f"/v2/images/{image_id}").json()
    md5 = hashlib.md5(data).hexdigest()
    assert (image["status"], image["size"], image["checksum"]) == ("active", len(data), md5)
    assert image["os_hash_value"] == hashlib.sha512(data).hexdigest()
    response = api("GET", f"/v2/images/{image_id}/file")
    assert (response.status, response.header("Content-MD5")) == (200, md5)
    assert response.header("Content-Length") == str(len(data))
    assert response.body == data


@pytest.mark.parametrize(
    ("wanted", "status", "content_range", "data"),
    [
        ("bytes=2-4", 206, "bytes 2-4/10", b"234"),
        ("bytes=7-", 206, "bytes 7-9/10", b"789"),
        ("bytes=7-99", 206, "bytes 7-9/10", b"789"),
        ("bytes=-3", 206, "bytes 7-9/10", b"789"),
        ("bytes=-99", 206, "bytes 0-9/10", b"0123456789"),
        (f"bytes=5-{2**64}", 206, "bytes 5-9/10", b"56789"),
        ("bytes=10-", 416, "bytes */10", None),
        ("bytes=4-2", 416, "bytes */10", None),
        ("bytes=-", 416, "bytes */10", None),
        ("lines=1-2", 416, "bytes */10", None),
        ("bytes=0-1,3-4", 400, None, None),
    ],
)
def test_download_of_a_range(
    api: Api, wanted: str, status: int, content_range: str | None, data: bytes | None
) -> None:
    image_id = api.create_with_data(b"0123456789")
    response = api("GET", f"/v2/images/{image_id}/file", Range=wanted)
    assert (response.status, response.header("Content-Range")) == (status, content_range), str(
        response
    )
    assert data is None or response.body == data


QCOW2 = disk_images.qcow2(5 * 2**30)
ISO = disk_images.iso()


@pytest.mark.parametrize(
    ("disk_format", "data", "size"),
    [
        ("raw", b"x" * 10, 10),
        ("raw", QCOW2, len(QCOW2)),
        ("raw", b"", None),
        ("qcow2", QCOW2, 5 * 2**30),
        ("vmdk", disk_images.vmdk(4 * MEBIBYTE), 4 * MEBIBYTE),
        ("vhd", disk_images.vhd(2 * MEBIBYTE, current_size=4 * MEBIBYTE), 2 * MEBIBYTE),
        ("vhdx", disk_images.vhdx(4 * MEBIBYTE), 4 * MEBIBYTE),
        ("vdi", disk_images.vdi(4 * MEBIBYTE), 4 * MEBIBYTE),
        ("iso", ISO, len(ISO)),
        ("iso", disk_images.iso(boot_record_first=True), None),
        ("iso", disk_images.with_partitions(ISO), len(ISO)),
        ("ami", b"x", None),
        ("ploop", b"x", None),
    ],
)
def test_virtual_size_is_read_from_the_header_of_the_data(
    api: Api, disk_format: str, data: bytes, size: int | None
) -> None:
    container_format = "ami" if disk_format == "ami" else "bare"
    image = api.create(disk_format=disk_format, container_format=container_format)
    response = api("PUT", image["file"], data, Content_Type="application/octet-stream")
    assert response.status == 204, str(response)
    shown = api("GET", image["self"]).json()
    assert (shown["size"], shown["virtual_size"]) == (len(data), size)


@pytest.mark.parametrize(
    ("disk_format", "data", "message"),
    [
        ("qcow2", b"QFI\xfb", b"Image disk_format qcow2 does not match stream data raw"),
        ("qcow2", b"nothing like it" * 100, b"Image disk_format qcow2 does not match"),
        ("qcow2", disk_images.with_partitions(QCOW2), b"Multiple formats detected: gpt,qcow2"),
        ("qcow2", disk_images.qcow2(2**30, backing_file=True), b"Image failed safety checks"),
        ("qcow2", disk_images.qcow2(2**30, features=0b100), b"Image failed safety checks"),
        ("raw", disk_images.qcow2(2**30, backing_file=True), b"Image failed safety checks"),
        ("vmdk", disk_images.vmdk(2**30, "monolithicFlat"), b"Image failed safety checks"),
        (
            "vmdk",
            disk_images.stream_optimized_vmdk(2**30, 20 * MEBIBYTE, descriptor=5),
            b"Image failed safety checks",
        ),
    ],
    ids=parameter_id,
)
def test_data_that_is_not_of_its_format_or_dangerous_is_415_and_the_image_queued_again(
    api: Api, disk_format: str, data: bytes, message: bytes
) -> None:
    image = api.create(disk_format=disk_format, container_format="bare")
    response = api("PUT", image["file"], data, Content_Type="application/octet-stream")
    assert response.status == 415, str(response)
    assert message in response.body
    shown = api("GET", image["self"]).json()
    assert {**shown, "updated_at": image["updated_at"]} == image
    assert api("GET", image["file"]).status == 204
    safe = QCOW2 if disk_format == "qcow2" else disk_images.vmdk(4 * MEBIBYTE)
    again = api("PUT", image["file"], safe, Content_Type="application/octet-stream")
    assert again.status == 204, str(again)


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize(
    ("declared", "status", "message"),
    [
        ("10", 204, b""),
        ("0", 204, b""),
        (" +1_0 ", 204, b""),
        ("9", 400, b"Size exceeds: expected 9 bytes, got 10 bytes"),
        ("11", 400, b"Size mismatch: expected 11 bytes, got 10 bytes"),
        ("-1", 400, b"Size exceeds: expected -1 bytes"),
        ("", 400, b"Invalid or missing image size in request headers."),
        ("ten", 400, b"Invalid or missing image size in request headers."),
        ("1.0", 400, b"Invalid or missing image size in request headers."),
        ("9" * 5000, 400, b"Invalid or missing image size in request headers."),
    ],
    ids=parameter_id,
)
def test_data_of_another_size_than_declared_is_400_and_the_image_queued_again(
    api: Api, declared: str, status: int, message: bytes, *, is_chunked: bool
) -> None:
    image = api.create(disk_format="raw", container_format="bare")
    body = b"4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n" if is_chunked else b"0123456789"
    response = api(
        "PUT",
        image["file"],
        body,
        Content_Type="application/octet-stream",
        X_OpenStack_Image_Size=declared,
        **({"Transfer_Encoding": "chunked"} if is_chunked else {}),
    )
    assert response.status == status, str(response)
    assert message in response.body
    shown = api("GET", image["self"]).json()
    assert shown["status"] == ("active" if status == 204 else "queued")
    assert api("GET", image["file"]).body == (b"0123456789" if status == 204 else b"")


def test_download_of_an_image_without_data_is_204(api: Api) -> None:
    response = api("GET", f"/v2/images/{api.create()['id']}/file")
    assert (response.status, response.body) == (204, b"")


def test_upload_needs_an_empty_image_with_formats_and_an_octet_stream(api: Api) -> None:
    image_id = api.create_with_data(b"x")
    path, octets = f"/v2/images/{image_id}/file", "application/octet-stream"
    assert api("PUT", path, b"y", Content_Type=octets).status == 409
    assert api("PUT", path, b"y", Content_Type="text/plain").status == 415
    early = api("PUT", f"/v2/images/{api.create()['id']}/file", b"y", Content_Type=octets)
    assert early.status == 400, str(early)
    formats = api.patch(image_id, {"op": "replace", "path": "/disk_format", "value": "iso"})
    assert formats.status == 403, str(formats)


def test_deactivated_data_is_withheld_until_reactivated(api: Api) -> None:
    path = f"/v2/images/{api.create_with_data(b'x')}"
    assert api("POST", f"{path}/actions/deactivate").status == 204
    assert api("GET", path).json()["status"] == "deactivated"
    assert api("GET", f"{path}/file").status == 403
    assert api("POST", f"{path}/actions/reactivate").status == 204
    assert api("GET", f"{path}/file").body == b"x"
    queued = api("POST", f"/v2/images/{api.create()['id']}/actions/deactivate")
    assert queued.status == 403, str(queued)


def test_interrupted_upload_leaves_the_image_queued(api: Api) -> None:
    image = api.create(disk_format="raw", container_format="bare")
    path = f"/v2/images/{image['id']}"

    def status() -> str:
        return str(api("GET", path).json()["status"])

    with socket.create_connection(api.address) as connection:
        headers = [("X-Auth-Token", "demo:gold"), ("Content-Type", "application/octet-stream")]
        headers.append(("Content-Length", str(10 * MEBIBYTE)))
        connection.sendall(encode_head(api.address, "PUT", f"/image{path}/file", headers, b""))
        connection.sendall(b"x" * MEBIBYTE)
        wait_until(lambda: status() == "saving", "the upload to begin")
    wait_until(lambda: status() == "queued", "the upload to be undone")
    assert api("GET", f"{path}/file").status == 204
    again = api("PUT", f"{path}/file", b"x", Content_Type="application/octet-stream")
    assert again.status == 204, str(again)


def test_upload_to_a_full_disk_is_413_and_leaves_the_image_queued(api: Api) -> None:
    """A limit on the size of files has the same effect on the store as a full disk."""
    image = api.create(disk_format="raw", container_format="bare")
    path = f"/v2/images/{image['id']}"
    limits = resource.prlimit(api.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(api.pid, resource.RLIMIT_FSIZE, (16 * MEBIBYTE, limits[1]))
    try:
        data = b"x" * 20 * MEBIBYTE
        response = api("PUT", f"{path}/file", data, Content_Type="application/octet-stream")
    finally:
        resource.prlimit(api.pid, resource.RLIMIT_FSIZE, limits)
    assert response.status == 413, str(response)
    assert b"space" in response.body
    assert api("GET", path).json()["status"] == "queued"
    assert api("GET", f"{path}/file").status == 204
    again = api("PUT", f"{path}/file", b"x", Content_Type="application/octet-stream")
    assert again.status == 204, str(again)


def test_large_data_is_uploaded_and_downloaded_in_constant_memory(api: Api) -> None:
    size, piece = 300 * MEBIBYTE, b"g" * MEBIBYTE
    image = api.create(disk_format="raw", container_format="bare")
    target = f"/image/v2/images/{image['id']}/file"
    before = api.peak_resident_bytes()
    headers = [("X-Auth-Token", "demo:gold"), ("Content-Type", "application/octet-stream")]
    with socket.create_connection(api.address, timeout=120) as connection:
        sized = [*headers, ("Content-Length", str(size))]
        connection.sendall(encode_head(api.address, "PUT", target, sized, b""))
        for _ in range(size // MEBIBYTE):
            connection.sendall(piece)
        assert read_response(connection, "PUT").status == 204
    with socket.create_connection(api.address, timeout=120) as connection:
        connection.sendall(encode_head(api.address, "GET", target, headers, None))
        received = 0
        while chunk := connection.recv(MEBIBYTE):
            received += len(chunk)
    assert received > size
    grown = (api.peak_resident_bytes() - before) / MEBIBYTE
    sys.stdout.write(f"300 MiB up and down: the server's peak memory grew by {grown:.1f} MiB\n")
    assert grown < 100, f"the server's peak memory grew by {grown:.1f} MiB"


@pytest.mark.parametrize(("store", "status"), [("store", 204), ("nowhere", 400), ("STORE", 400)])
def test_upload_to_another_store_than_the_only_one_is_refused(
    api: Api, store: str, status: int
) -> None:
    image = api.create(disk_format="raw", container_format="bare")
    headers = {"Content_Type": "application/octet-stream", "X_Image_Meta_Store": store}
    response = api("PUT", image["file"], b"data", **headers)
    assert response.status == status, str(response)
    shown = api("GET", f"/v2/images/{image['id']}").json()
    assert shown["status"] == ("active" if status == 204 else "queued")
