"""The Image API v2 over HTTP, against a server process of its own."""

import hashlib
import json
import resource
import socket
import struct
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.http import Answer, encode_head, read_answer, request
from tests.support.process import ServerProcess, free_port, wait_until

PATCH = "application/openstack-images-v2.1-json-patch"
OLD_PATCH = "application/openstack-images-v2.0-json-patch"
MEBIBYTE = 1024 * 1024


class Api:
    """Speaks to the server as `demo` of its project unless told otherwise."""

    def __init__(self, process: ServerProcess) -> None:
        self.address = process.address
        self.pid = process.pid

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = "demo:gold",
        **headers: str,
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            named["X-Auth-Token"] = token
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        return request(self.address, method, f"/image{path}", named, data)

    def create(self, **attributes: Any) -> dict[str, Any]:
        answer = self("POST", "/v2/images", attributes)
        assert answer.status == 201, str(answer)
        created: dict[str, Any] = answer.json()
        return created

    def with_data(self, data: bytes, **attributes: Any) -> str:
        image = self.create(disk_format="raw", container_format="bare", **attributes)
        answer = self("PUT", f"{image['file']}", data, Content_Type="application/octet-stream")
        assert answer.status == 204, str(answer)
        return str(image["id"])

    def patch(self, image_id: str, *changes: object, kind: str = PATCH, **more: Any) -> Answer:
        return self("PATCH", f"/v2/images/{image_id}", list(changes), Content_Type=kind, **more)

    def resident_bytes(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        kibibytes = next(line.split()[1] for line in status.splitlines() if "VmHWM" in line)
        return int(kibibytes) * 1024


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    port = free_port()
    directory = tmp_path_factory.mktemp("images")
    command = [sys.executable, "-m", "tests.embedded.api_server", str(port), str(directory)]
    with ServerProcess(command, port, directory / "server.log") as process:
        yield Api(process)


@pytest.mark.parametrize(
    ("path", "status"),
    [("", 300), ("/", 300), ("/versions", 200), ("/v2", 300), ("/v2/", 300), ("/v2/versions", 200)],
)
def test_versions_are_told_without_a_token(api: Api, path: str, status: int) -> None:
    answer = api("GET", path, token=None)
    assert answer.status == status, str(answer)
    current = answer.json()["versions"][0]
    assert current["status"] == "CURRENT"
    assert current["links"][0]["href"] == f"http://127.0.0.1:{api.address[1]}/image/v2/"


def test_a_request_without_a_token_is_challenged(api: Api) -> None:
    answer = api("GET", "/v2/images", token=None)
    assert answer.status == 401, str(answer)
    assert (answer.header("WWW-Authenticate") or "").startswith("Keystone uri=")


def test_an_image_is_created_queued_and_shown_with_its_properties(api: Api) -> None:
    created = api.create(name="öl 😀", os_distro="debian", tags=["a", "a", "b"], min_ram=64)
    assert created["status"] == "queued"
    assert created["owner"] == "gold"
    assert created["visibility"] == "shared"
    assert created["os_distro"] == "debian"
    assert sorted(created["tags"]) == ["a", "b"]
    shown = api("GET", f"/v2/images/{created['id']}")
    assert shown.json() == created, str(shown)


def test_booleans_are_booleans_wherever_an_image_is_shown(api: Api) -> None:
    image = api.create(protected=True, lot="booleans")
    shown = api("GET", f"/v2/images/{image['id']}").json()
    listed = api("GET", "/v2/images?lot=booleans").json()["images"][0]
    for document in (image, shown, listed):
        assert document["protected"] is True
        assert document["os_hidden"] is False


def test_a_protected_image_is_deleted_only_once_it_is_not(api: Api) -> None:
    image_id = api.create(protected=True)["id"]
    assert api("DELETE", f"/v2/images/{image_id}").status == 403
    assert (
        api.patch(image_id, {"op": "replace", "path": "/protected", "value": False}).status == 200
    )
    assert api("DELETE", f"/v2/images/{image_id}").status == 204


def test_creation_says_where_the_image_is(api: Api) -> None:
    answer = api("POST", "/v2/images", {})
    expected = f"http://127.0.0.1:{api.address[1]}/image/v2/images/{answer.json()['id']}"
    assert answer.header("Location") == expected


def test_an_admin_may_make_an_image_that_is_nobodys(api: Api) -> None:
    answer = api("POST", "/v2/images", {"owner": None}, token="admin:admin")
    assert (answer.status, answer.json()["owner"]) == (201, None), str(answer)
    assert api("POST", "/v2/images", {"owner": None}).status == 403


def test_an_id_may_be_chosen_once(api: Api) -> None:
    image_id = str(uuid.uuid4())
    assert api.create(id=image_id)["id"] == image_id
    again = api("POST", "/v2/images", {"id": image_id})
    assert again.status == 409, str(again)


def test_an_id_is_the_same_in_either_case(api: Api) -> None:
    image_id = str(uuid.uuid4())
    assert api.create(id=image_id.upper(), lot="either case")["id"] == image_id
    for text in (image_id, image_id.upper()):
        assert api("GET", f"/v2/images/{text}").status == 200
        assert api("GET", f"/v2/images?lot=either+case&marker={text}").json()["images"] == []
        assert api("POST", "/v2/images", {"id": text}).status == 409


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ([], 400),
        ({"name": "x" * 256}, 400),
        ({"name": 1}, 400),
        ({"name": "a\0b"}, 400),
        ({"min_ram": -1}, 400),
        ({"min_ram": 2**31}, 400),
        ({"min_disk": 10**40}, 400),
        ({"min_disk": True}, 400),
        ({"disk_format": "floppy"}, 400),
        ({"visibility": "secret"}, 400),
        ({"visibility": ["public"]}, 400),
        ({"id": "no-uuid"}, 400),
        ({"tags": "a"}, 400),
        ({"tags": [1]}, 400),
        ({"tags": ["x" * 256]}, 400),
        ({"colour": None}, 400),
        ({"colour": {"deep": "red"}}, 400),
        ({"k" * 256: "x"}, 400),
        ({"self": "/v2/x"}, 403),
        ({"status": "active"}, 403),
        ({"deleted": "yes"}, 403),
        ({"os_glance_import_task": "x"}, 403),
        ({"owner": "alt"}, 403),
        ({"visibility": "public"}, 403),
        ({f"key{number}": "x" for number in range(129)}, 413),
        ({"tags": [f"tag{number}" for number in range(129)]}, 413),
    ],
)
def test_a_document_that_is_no_image_is_refused(api: Api, document: Any, status: int) -> None:
    answer = api("POST", "/v2/images", document)
    assert answer.status == status, str(answer)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b'{"name": "\\ud800"}', 400),
        (b'{"min_ram": 1e999}', 400),
        (b"[" * 100_000, 400),
        (b'{"name": "' + b"x" * 2 * MEBIBYTE + b'"}', 413),
    ],
)
def test_a_body_that_is_no_json_is_refused(api: Api, body: bytes, status: int) -> None:
    answer = api("POST", "/v2/images", body)
    assert answer.status == status, str(answer)


def test_an_admin_may_publish_and_give_away(api: Api) -> None:
    document = {"visibility": "public", "owner": "alt"}
    answer = api("POST", "/v2/images", document, token="admin:admin")
    assert (answer.status, answer.json()["owner"]) == (201, "alt"), str(answer)


def test_a_patch_changes_what_it_names_and_no_more(api: Api) -> None:
    image = api.create(name="old", colour="red", shape="round", **{"a/b": "slash"})
    answer = api.patch(
        image["id"],
        {"op": "replace", "path": "/name", "value": "new"},
        {"op": "add", "path": "/size_class", "value": "xl"},
        {"op": "remove", "path": "/colour"},
        {"op": "replace", "path": "/a~1b", "value": "still"},
        {"op": "replace", "path": "/tags", "value": ["t"]},
    )
    assert answer.status == 200, str(answer)
    kept = {key: value for key, value in image.items() if key not in ("colour", "updated_at")}
    changes = {"name": "new", "size_class": "xl", "a/b": "still", "tags": ["t"]}
    shown = answer.json()
    assert shown.pop("updated_at") >= image["updated_at"]
    assert shown == {**kept, **changes}


def test_a_property_of_the_empty_key_can_be_taken_away_again(api: Api) -> None:
    image = api.create(**{"": "nameless"})
    answer = api.patch(image["id"], {"op": "remove", "path": "/"})
    assert answer.status == 200, str(answer)
    assert "" not in answer.json()


def test_the_older_patch_is_understood(api: Api) -> None:
    image = api.create(colour="red")
    answer = api.patch(image["id"], {"replace": "/colour", "value": "blue"}, kind=OLD_PATCH)
    assert answer.json()["colour"] == "blue", str(answer)
    again = api.patch(image["id"], {"add": "/colour", "value": "x"}, kind=OLD_PATCH)
    assert again.status == 409, str(again)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("text", 400),
        ({}, 400),
        ({"op": "test", "path": "/name", "value": "x"}, 400),
        ({"op": ["add"], "path": "/name", "value": "x"}, 400),
        ({"op": "add", "value": "x"}, 400),
        ({"op": "add", "path": "/name"}, 400),
        ({"op": "add", "path": "name", "value": "x"}, 400),
        ({"op": "add", "path": 7, "value": "x"}, 400),
        ({"op": "add", "path": "/a/b", "value": "x"}, 400),
        ({"op": "add", "path": "/a~2", "value": "x"}, 400),
        ({"op": "remove", "path": "/"}, 409),
        ({"op": "add", "path": "/colour", "value": 1}, 400),
        ({"op": "replace", "path": "/min_ram", "value": "1"}, 400),
        ({"op": "replace", "path": "/id", "value": str(uuid.uuid4())}, 403),
        ({"op": "replace", "path": "/status", "value": "active"}, 403),
        ({"op": "replace", "path": "/location", "value": "x"}, 403),
        ({"op": "add", "path": "/locations/-", "value": {"url": "file:///etc/passwd"}}, 403),
        ({"op": "replace", "path": "/owner", "value": "alt"}, 403),
        ({"op": "replace", "path": "/visibility", "value": "public"}, 403),
        ({"op": "remove", "path": "/name"}, 403),
        ({"op": "remove", "path": "/missing"}, 409),
        ({"op": "replace", "path": "/missing", "value": "x"}, 409),
    ],
)
def test_a_patch_that_cannot_be_is_refused_whole(api: Api, change: Any, status: int) -> None:
    image = api.create(name="kept")
    answer = api.patch(image["id"], {"op": "replace", "path": "/name", "value": "lost"}, change)
    assert answer.status == status, str(answer)
    assert api("GET", f"/v2/images/{image['id']}").json() == image


def test_a_patch_above_the_property_quota_is_refused(api: Api) -> None:
    image = api.create()
    changes = [{"op": "add", "path": f"/key{n}", "value": "x"} for n in range(129)]
    assert api.patch(image["id"], *changes[:128]).status == 200
    answer = api.patch(image["id"], changes[128])
    assert answer.status == 413, str(answer)


def test_a_patch_of_another_media_type_is_told_which_to_use(api: Api) -> None:
    image = api.create()
    answer = api.patch(image["id"], kind="application/json")
    assert answer.status == 415, str(answer)
    assert PATCH in (answer.header("Accept-Patch") or "")


def test_images_of_others_are_not_found(api: Api) -> None:
    image = api.create(visibility="private")
    change = {"op": "replace", "path": "/name", "value": "mine"}
    path = f"/v2/images/{image['id']}"
    assert api("GET", path, token="alt:alt").status == 404
    assert api("DELETE", path, token="alt:alt").status == 404
    assert api.patch(image["id"], change, token="alt:alt").status == 404


def test_a_deleted_image_is_gone(api: Api) -> None:
    image_id = api.create()["id"]
    answer = api("DELETE", f"/v2/images/{image_id}")
    assert (answer.status, answer.body) == (204, b"")
    assert api("GET", f"/v2/images/{image_id}").status == 404


def test_paging_by_next_visits_every_image_once(api: Api) -> None:
    created = [api.create(lot="paging")["id"] for _ in range(7)]
    seen: list[str] = []
    path: str | None = "/v2/images?limit=3&lot=paging"
    while path:
        answer = api("GET", path)
        assert answer.status == 200, str(answer)
        page = answer.json()
        assert page["first"] == "/v2/images?limit=3&lot=paging"
        assert page["schema"] == "/v2/schemas/images"
        seen += [image["id"] for image in page["images"]]
        path = page.get("next")
    assert sorted(seen) == sorted(created)


def test_a_version_added_to_an_endpoint_that_has_one_does_not_matter(api: Api) -> None:
    image = api.create()
    answer = api("GET", f"/v2/v2/images/{image['id']}")
    assert (answer.status, answer.json()) == (200, image), str(answer)


@pytest.mark.parametrize("path", ["//v2/images/{}", "/v2//images/{}", "///v2/v2///images//{}"])
def test_slashes_in_a_row_count_as_one(api: Api, path: str) -> None:
    image = api.create()
    answer = api("GET", path.format(image["id"]))
    assert (answer.status, answer.json()) == (200, image), str(answer)


def test_a_list_has_25_images_unless_more_are_asked_for(api: Api) -> None:
    for _ in range(26):
        api.create(lot="many")
    answer = api("GET", "/v2/images?lot=many")
    assert len(answer.json()["images"]) == 25
    assert "next" in answer.json()
    assert len(api("GET", "/v2/images?lot=many&limit=5000").json()["images"]) == 26
    assert api("GET", "/v2/images?limit=0").json()["images"] == []


def test_images_are_listed_as_they_are_shown(api: Api) -> None:
    image = api.create(name="listed", lot="shown", colour="red")
    assert api("GET", "/v2/images?lot=shown").json()["images"] == [image]


def test_images_are_sorted_as_asked_for(api: Api) -> None:
    for name in ("b", "c", "a"):
        api.create(name=name, lot="sorted")
    answer = api("GET", "/v2/images?lot=sorted&sort=name:asc")
    assert [image["name"] for image in answer.json()["images"]] == ["a", "b", "c"], str(answer)


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=x",
        f"limit={'9' * 5000}",
        "marker=nobody",
        "sort_key=colour",
        "sort=name:up",
        "visibility=secret",
        "member_status=x",
        "created_at=yesterday",
        "changes-since=2020-01-01",
        "name=%FF",
        "name=%00",
        'name=in:"a',
    ],
)
def test_a_query_that_makes_no_sense_is_refused(api: Api, query: str) -> None:
    answer = api("GET", f"/v2/images?{query}")
    assert answer.status == 400, str(answer)


def test_data_comes_back_as_it_was_sent(api: Api) -> None:
    data = bytes(range(256)) * 1000
    image_id = api.with_data(data)
    image = api("GET", f"/v2/images/{image_id}").json()
    md5 = hashlib.md5(data).hexdigest()
    assert (image["status"], image["size"], image["checksum"]) == ("active", len(data), md5)
    assert image["os_hash_value"] == hashlib.sha512(data).hexdigest()
    answer = api("GET", f"/v2/images/{image_id}/file")
    assert (answer.status, answer.header("Content-MD5")) == (200, md5)
    assert answer.header("Content-Length") == str(len(data))
    assert answer.body == data


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
def test_a_range_of_the_data_can_be_asked_for(
    api: Api, wanted: str, status: int, content_range: str | None, data: bytes | None
) -> None:
    image_id = api.with_data(b"0123456789")
    answer = api("GET", f"/v2/images/{image_id}/file", Range=wanted)
    assert (answer.status, answer.header("Content-Range")) == (status, content_range), str(answer)
    assert data is None or answer.body == data


@pytest.mark.parametrize(
    ("disk_format", "data", "size"),
    [
        ("raw", b"x" * 10, 10),
        ("qcow2", b"QFI\xfb" + struct.pack(">IQIIQ", 3, 0, 0, 16, 5 * 2**30), 5 * 2**30),
        ("vmdk", b"KDMV" + struct.pack("<IIQ", 1, 3, 8), 4096),
        ("vhd", b"conectix".ljust(48, b"\0") + struct.pack(">Q", 7), 7),
        ("vdi", (b"\0" * 0x40 + b"\x7f\x10\xda\xbe").ljust(0x170, b"\0") + b"\x09" + 7 * b"\0", 9),
        ("iso", b"\0" * 32769 + b"CD001" + b"\0" * 74 + b"\3\0\0\0" + 44 * b"\0" + b"\0\x08", 6144),
        ("qcow2", b"QFI\xfb", None),
        ("qcow2", b"nothing like it" * 10, None),
        ("ami", b"x", None),
    ],
)
def test_an_images_virtual_size_is_what_its_data_says(
    api: Api, disk_format: str, data: bytes, size: int | None
) -> None:
    container_format = "ami" if disk_format == "ami" else "bare"
    image = api.create(disk_format=disk_format, container_format=container_format)
    answer = api("PUT", image["file"], data, Content_Type="application/octet-stream")
    assert answer.status == 204, str(answer)
    shown = api("GET", image["self"]).json()
    assert (shown["size"], shown["virtual_size"]) == (len(data), size)


def test_an_image_without_data_downloads_as_nothing(api: Api) -> None:
    answer = api("GET", f"/v2/images/{api.create()['id']}/file")
    assert (answer.status, answer.body) == (204, b"")


def test_data_is_taken_once_as_octets_and_with_formats_set(api: Api) -> None:
    image_id = api.with_data(b"x")
    path, octets = f"/v2/images/{image_id}/file", "application/octet-stream"
    assert api("PUT", path, b"y", Content_Type=octets).status == 409
    assert api("PUT", path, b"y", Content_Type="text/plain").status == 415
    early = api("PUT", f"/v2/images/{api.create()['id']}/file", b"y", Content_Type=octets)
    assert early.status == 400, str(early)
    formats = api.patch(image_id, {"op": "replace", "path": "/disk_format", "value": "iso"})
    assert formats.status == 403, str(formats)


def test_deactivated_data_is_withheld_until_reactivated(api: Api) -> None:
    path = f"/v2/images/{api.with_data(b'x')}"
    assert api("POST", f"{path}/actions/deactivate").status == 204
    assert api("GET", path).json()["status"] == "deactivated"
    assert api("GET", f"{path}/file").status == 403
    assert api("POST", f"{path}/actions/reactivate").status == 204
    assert api("GET", f"{path}/file").body == b"x"
    queued = api("POST", f"/v2/images/{api.create()['id']}/actions/deactivate")
    assert queued.status == 403, str(queued)


def test_an_upload_that_breaks_off_leaves_the_image_queued(api: Api) -> None:
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


def test_a_full_disk_is_said_and_leaves_the_image_queued(api: Api) -> None:
    """A limit on the size of the server's files stands for the disk: the store sees it alike."""
    image = api.create(disk_format="raw", container_format="bare")
    path = f"/v2/images/{image['id']}"
    limits = resource.prlimit(api.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(api.pid, resource.RLIMIT_FSIZE, (16 * MEBIBYTE, limits[1]))
    try:
        data = b"x" * 20 * MEBIBYTE
        answer = api("PUT", f"{path}/file", data, Content_Type="application/octet-stream")
    finally:
        resource.prlimit(api.pid, resource.RLIMIT_FSIZE, limits)
    assert answer.status == 413, str(answer)
    assert b"space" in answer.body
    assert api("GET", path).json()["status"] == "queued"
    assert api("GET", f"{path}/file").status == 204
    again = api("PUT", f"{path}/file", b"x", Content_Type="application/octet-stream")
    assert again.status == 204, str(again)


def test_large_data_passes_through_in_constant_memory(api: Api) -> None:
    size, piece = 300 * MEBIBYTE, b"g" * MEBIBYTE
    image = api.create(disk_format="raw", container_format="bare")
    target = f"/image/v2/images/{image['id']}/file"
    before = api.resident_bytes()
    headers = [("X-Auth-Token", "demo:gold"), ("Content-Type", "application/octet-stream")]
    with socket.create_connection(api.address, timeout=120) as connection:
        sized = [*headers, ("Content-Length", str(size))]
        connection.sendall(encode_head(api.address, "PUT", target, sized, b""))
        for _ in range(size // MEBIBYTE):
            connection.sendall(piece)
        assert read_answer(connection, "PUT").status == 204
    with socket.create_connection(api.address, timeout=120) as connection:
        connection.sendall(encode_head(api.address, "GET", target, headers, None))
        received = 0
        while chunk := connection.recv(MEBIBYTE):
            received += len(chunk)
    assert received > size
    grown = (api.resident_bytes() - before) / MEBIBYTE
    sys.stdout.write(f"300 MiB up and down: the server's peak memory grew by {grown:.1f} MiB\n")
    assert grown < 100, f"the server's peak memory grew by {grown:.1f} MiB"


@pytest.mark.parametrize("method", ["PUT", "HEAD", "OPTIONS", "PROPFIND"])
def test_an_unknown_method_is_told_what_is_allowed(api: Api, method: str) -> None:
    answer = api(method, "/v2/images")
    assert (answer.status, answer.header("Allow")) == (405, "GET, POST"), str(answer)


@pytest.mark.parametrize("path", ["/v2/info/import", "/v2/info/stores", "/v1/images", "/v2/%00"])
def test_what_is_not_served_is_not_found(api: Api, path: str) -> None:
    answer = api("GET", path)
    assert answer.status == 404, str(answer)


@pytest.mark.parametrize("name", ["%00", "%FF%FE", "..%2F..%2Fetc%2Fpasswd", "x" * 5000, "'--"])
def test_an_odd_id_names_no_image(api: Api, name: str) -> None:
    for suffix in ("", "/file"):
        answer = api("GET", f"/v2/images/{name}{suffix}")
        assert answer.status == 404, str(answer)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "text/html"),
        ("application/json", "application/json"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("image/png", "text/plain"),
    ],
)
def test_a_fault_comes_in_the_form_asked_for(api: Api, accept: str, media_type: str) -> None:
    answer = api("GET", "/v2/images/nobody", Accept=accept)
    assert (answer.header("Content-Type") or "").partition(";")[0] == media_type, str(answer)
    assert b"No image found with ID nobody" in answer.body


def test_a_fault_page_repeats_no_markup(api: Api) -> None:
    answer = api("GET", "/v2/images/%3Cscript%3E")
    assert b"<script>" not in answer.body, str(answer)


def test_the_schema_tells_attributes_from_properties(api: Api) -> None:
    schema = api("GET", "/v2/schemas/image").json()
    assert set(api.create()) <= set(schema["properties"])
    images = api("GET", "/v2/schemas/images").json()
    assert images["properties"]["images"]["items"] == schema
