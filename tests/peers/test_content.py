"""The embedded Image API accepts and refuses image data as a real Glance does."""

import pytest

from tests.peers.service_pair import ResponsePair, ServicePair, comparable
from tests.support import disk_images
from tests.support.disk_images import MEBIBYTE

pytestmark = pytest.mark.peers
SIZE = 8 * MEBIBYTE
VMDK = disk_images.vmdk(SIZE)
BACKED = disk_images.qcow2(SIZE, backing_file=True)
_DIGESTS = ("checksum", "os_hash_algo", "os_hash_value")
CONTENTS = {
    "empty": b"",
    "text": b"text" * 200,
    "zeros": bytes(2 * MEBIBYTE),
    "qcow2": disk_images.qcow2(SIZE),
    "start of a qcow2": disk_images.qcow2(SIZE)[:100],
    "qcow2 with a backing file, cut before its inspector has enough": BACKED[:511],
    "qcow2 with a backing file, cut after that": BACKED[:512],
    "qcow2 with a backing file": BACKED,
    "qcow2 with a data file": disk_images.qcow2(SIZE, features=0b100),
    "qcow2 with known features": disk_images.qcow2(SIZE, features=0b1011),
    "qcow2 with unknown features": disk_images.qcow2(SIZE, features=1 << 40),
    "qcow2 of version 2": disk_images.qcow2(SIZE, version=2),
    "qcow2 of version 4": disk_images.qcow2(SIZE, version=4),
    "qcow2 with partitions": disk_images.with_partitions(disk_images.qcow2(SIZE)),
    "partitions": disk_images.with_partitions(bytes(4096)),
    "MBR without partitions": bytes(510) + b"\x55\xaa",
    "vmdk": VMDK,
    "start of a vmdk": VMDK[:700],
    "vmdk of version 9": VMDK[:4] + b"\x09" + VMDK[5:],
    "flat vmdk": disk_images.vmdk(SIZE, "monolithicFlat"),
    "vmdk with a path": disk_images.vmdk(SIZE, extent="/etc/passwd"),
    "text of a vmdk": b'# Disk DescriptorFile\nversion=1\ncreateType="monolithicSparse"\n' * 10,
    "text of a flat vmdk": b'# Disk DescriptorFile\nversion=1\ncreateType="monolithicFlat"\n' * 10,
    "streamOptimized": disk_images.stream_optimized_vmdk(SIZE, MEBIBYTE),
    "long streamOptimized": disk_images.stream_optimized_vmdk(SIZE, 18 * MEBIBYTE),
    "wrong footer": disk_images.stream_optimized_vmdk(SIZE, MEBIBYTE, descriptor=5),
    "wrong far footer": disk_images.stream_optimized_vmdk(SIZE, 18 * MEBIBYTE, descriptor=5),
    "vhd": disk_images.vhd(SIZE),
    "start of a vhd": disk_images.vhd(SIZE)[:20],
    "vhdx": disk_images.vhdx(SIZE),
    "start of a vhdx": disk_images.vhdx(SIZE)[: 2 * MEBIBYTE],
    "vhdx without regions": b"vhdxfile" + bytes(MEBIBYTE),
    "vdi": disk_images.vdi(SIZE),
    "iso": disk_images.iso(),
    "bootable iso": disk_images.with_partitions(disk_images.iso()),
    "qed": b"QED\0".ljust(600, b"\0"),
    "luks": b"LUKS\xba\xbe\0\1".ljust(1000, b"\0"),
    "luks 2": b"LUKS\xba\xbe\0\2".ljust(1000, b"\0"),
}


def upload(services: ServicePair, content: str, disk_format: str, container: str) -> ResponsePair:
    """Upload data to a new image, and compare the responses and the images after that."""
    image = services.create(disk_format=disk_format, container_format=container)
    path = f"/v2/images/{image}"
    kind = {"Content-Type": "application/octet-stream"}
    pair = services.image("PUT", f"{path}/file", CONTENTS[content], kind)
    pair.assert_alike()
    real, embedded = (comparable(each.json()) for each in services.image("GET", path))
    if pair.real.status == 415:
        real.update(dict.fromkeys(_DIGESTS))  # Glance keeps those of the refused data
    if (content, disk_format) == ("vhdx without regions", "raw"):
        real["virtual_size"] = len(CONTENTS[content])  # Glance's is where the inspector failed
    assert embedded == real
    return pair


@pytest.mark.parametrize("disk_format", ["raw", "qcow2", "vmdk"])
@pytest.mark.parametrize("content", CONTENTS)
def test_data_has_the_same_response_and_sizes(
    services: ServicePair, content: str, disk_format: str
) -> None:
    upload(services, content, disk_format, "bare")


@pytest.mark.parametrize("content", CONTENTS)
def test_data_of_any_other_format_has_the_same_response_and_sizes(
    services: ServicePair, content: str
) -> None:
    for disk_format in ("vhd", "vhdx", "vdi", "iso", "ploop"):
        upload(services, content, disk_format, "bare")


@pytest.mark.parametrize("container", ["ovf", "ova", "docker", "compressed"])
def test_data_in_a_container_is_not_checked(services: ServicePair, container: str) -> None:
    for content in ("text", "qcow2", "qcow2 with a backing file"):
        pair = upload(services, content, "qcow2", container)
        assert pair.real.status == 204


@pytest.mark.parametrize("route", ["file", "stage"])
@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize(
    "declared",
    ["10", "9", "11", "0", "-1", " 10", "1_0", "+10", "", "x", "10, 10", "1e1", "9" * 99],
)
def test_a_declared_size_has_the_same_effect(
    services: ServicePair, declared: str, route: str, *, is_chunked: bool
) -> None:
    image = services.create(disk_format="raw", container_format="bare")
    path = f"/v2/images/{image}"
    headers = {"Content-Type": "application/octet-stream", "X-OpenStack-Image-Size": declared}
    body = b"0123456789"
    if is_chunked:
        headers["Transfer-Encoding"] = "chunked"
        body = b"4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n"
    services.image("PUT", f"{path}/{route}", body, headers).assert_alike()
    real, embedded = (each.json() for each in services.image("GET", path))
    assert (embedded["status"], embedded["size"]) == (real["status"], real["size"])


def test_the_reason_of_a_refusal_is_the_same(services: ServicePair) -> None:
    for content, disk_format, reason in (
        ("text", "qcow2", "Image disk_format qcow2 does not match stream data raw"),
        ("qcow2", "ploop", "Image disk_format ploop does not match stream data qcow2"),
        ("qcow2 with a backing file", "qcow2", "Image failed safety checks"),
        ("start of a vhd", "vhd", "Incomplete file cannot be safety checked"),
    ):
        for response in upload(services, content, disk_format, "bare"):
            assert reason.encode() in response.body
