"""Lists work although another program has written invalid rows to the catalog."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.cloud import EmbeddedCloud
from tests.support.http import Response
from tests.support.process import GlimpseProcess

DATE = "2024-03-01T00:00:00Z"
# SQL assignments, each of which makes a row invalid.
BROKEN = [
    *("created_at = 'yesterday'", "created_at = '2024-02-30T00:00:00Z'", "created_at = ''"),
    *("created_at = '0000-01-01T00:00:00Z'", "created_at = '10000-01-01T00:00:00Z'"),
    *("created_at = '2024-W10-7T10:20:30Z'", "updated_at = '2024-02-01x10:20:30Z'"),
    *("created_at = 5", "created_at = NULL", "created_at = X'FF'", "updated_at = 'x'"),
    *("updated_at = NULL", "properties = '{'", "properties = '[]'", "properties = 'null'"),
    *("properties = ''", "properties = NULL", "properties = X'00'", "properties = '{\"a\": 5}'"),
    *("properties = '{\"a\": {}}'", 'properties = \'{"a": "\\ud800"}\'', "properties = 'NaN'"),
    *("tags = '{}'", "tags = '[1]'", "tags = '[[]]'", "tags = '['", "tags = NULL"),
    *("name = X'FFFE'", "name = CAST(X'FFFE' AS TEXT)", "owner = X'00'", "status = X'00'"),
    *("status = NULL", "visibility = NULL", "min_ram = 'much'", "min_disk = 1.5", "size = 'x'"),
    *("size = 1e300", "virtual_size = X'01'", "min_ram = NULL", "checksum = X'FF'"),
    *("os_hash_value = CAST(X'C3' AS TEXT)", "disk_format = X'FF'", "id = 'no uuid'", "id = NULL"),
]
# Assignments of unusual values with which a row can still be shown.
ODD = ["status = 'strange'", "size = -1", "disk_format = 'none'", "name = char(0)"]
LISTS = [
    *("/v2.1/images", "/v2.1/images/detail", "/v2/images/detail", "/image/v2/images?limit=1000"),
    *("/v2.1/images/detail?limit=1000", "/v2.1/images/detail?name=sound&status=ACTIVE"),
    *("/image/v2/images?limit=1000&sort=name:asc", "/image/v2/images?limit=1000&sort=size:desc"),
    *("/image/v2/images?limit=1000&tag=blue", "/image/v2/images?limit=1000&min_ram=0"),
    *(f"/v2.1/images/detail?changes-since={DATE}", "/image/v2/images?limit=1000&size_min=1"),
    *("/image/v2/images?limit=1000&created_at=gt:2000-01-01T00:00:00Z", "/v2.1/images?minRam=0"),
]


def image_id(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


@pytest.fixture
def cloud(state_dir: Path) -> Iterator[EmbeddedCloud]:
    with GlimpseProcess(state_dir) as process:
        yield EmbeddedCloud(process)


def put_images(cloud: EmbeddedCloud, count: int) -> None:
    cloud.put_images(
        {
            "id": image_id(number),
            "name": "sound",
            "status": "active",
            "visibility": "public",
            "owner": "somebody",
            "size": 5,
            "tags": ["blue"],
            "created_at": DATE,
            "updated_at": DATE,
            "colour": "red",
        }
        for number in range(count)
    )


def break_rows(cloud: EmbeddedCloud, assignments: list[str]) -> None:
    """Apply each assignment to one row, without the constraints of the schema."""
    with closing(sqlite3.connect(cloud.state_dir / "catalog.sqlite")) as database:
        database.execute("PRAGMA writable_schema = 1")
        database.execute("UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '')")
        database.commit()
    with closing(sqlite3.connect(cloud.state_dir / "catalog.sqlite")) as database:
        for number, assignment in enumerate(assignments):
            statement = f"UPDATE images SET {assignment} WHERE id = ?"
            assert database.execute(statement, (image_id(number),)).rowcount == 1
        database.commit()


def listed(response: Response) -> list[dict[str, Any]]:
    assert response.status == 200, str(response)
    found: list[dict[str, Any]] = json.loads(response.body)["images"]
    return found


def test_broken_rows_are_left_out_of_every_list_and_logged_once(cloud: EmbeddedCloud) -> None:
    put_images(cloud, len(BROKEN) + 2)
    break_rows(cloud, BROKEN)
    sound = {image_id(len(BROKEN)), image_id(len(BROKEN) + 1)}
    for target in LISTS:
        for _ in range(2):
            found = {image["id"] for image in listed(cloud.request("admin", "GET", target))}
            assert found == sound, target
    log = cloud.process.log.read_text()
    lines = [line for line in log.splitlines() if "is broken" in line]
    assert len(BROKEN) - 1 <= len(lines) <= len(BROKEN), log
    assert "Traceback" not in log


def test_pages_continue_after_broken_rows(cloud: EmbeddedCloud) -> None:
    """All rows of a page may be invalid; a list with a limit is not shorter for that."""
    put_images(cloud, 450)
    break_rows(cloud, ["created_at = 'x'", "properties = '{'"] * 200)
    sound = {image_id(number) for number in range(400, 450)}
    for target in ("/v2.1/images", "/image/v2/images?limit=1000&sort=name:asc"):
        assert {image["id"] for image in listed(cloud.request("admin", "GET", target))} == sound
    assert len(listed(cloud.request("admin", "GET", "/v2.1/images?limit=20"))) == 20
    seen: set[str] = set()
    following: str | None = "/v2/images?limit=7"
    while following:
        page = cloud.request("admin", "GET", f"/image{following}")
        seen |= {image["id"] for image in listed(page)}
        following = page.json().get("next")
    assert seen == sound


def test_a_broken_row_is_404(cloud: EmbeddedCloud) -> None:
    put_images(cloud, len(BROKEN))
    break_rows(cloud, BROKEN)
    for number, assignment in enumerate(BROKEN):
        for method, target, body in (
            ("GET", f"/v2.1/images/{image_id(number)}", None),
            ("GET", f"/v2.1/images/{image_id(number)}/metadata", None),
            ("POST", f"/v2.1/images/{image_id(number)}/metadata", b'{"metadata": {"a": "b"}}'),
            ("DELETE", f"/v2.1/images/{image_id(number)}", None),
            ("GET", f"/image/v2/images/{image_id(number)}", None),
            ("GET", f"/image/v2/images/{image_id(number)}/file", None),
            ("DELETE", f"/image/v2/images/{image_id(number)}", None),
        ):
            response = cloud.request("admin", method, target, body)
            assert response.status == 404, (assignment, method, target, str(response))
        marker = cloud.request("admin", "GET", f"/v2.1/images?marker={image_id(number)}")
        assert marker.status == 400, (assignment, str(marker))
    taken = json.dumps({"id": image_id(0)}).encode()
    assert cloud.request("admin", "POST", "/image/v2/images", taken).status == 409
    assert "Traceback" not in cloud.process.log.read_text()


def test_an_image_loaded_again_repairs_a_broken_row(cloud: EmbeddedCloud) -> None:
    put_images(cloud, 2)
    break_rows(cloud, ["properties = '{'", "created_at = 'x'"])
    put_images(cloud, 2)
    assert len(listed(cloud.request("admin", "GET", "/v2.1/images/detail"))) == 2
    assert len(listed(cloud.request("admin", "GET", "/v2.1/images/detail?name=sound"))) == 2


def test_unusual_rows_are_shown_as_far_as_possible(cloud: EmbeddedCloud) -> None:
    put_images(cloud, len(ODD))
    break_rows(cloud, ODD)
    details = listed(cloud.request("admin", "GET", "/v2.1/images/detail"))
    assert len(details) == len(ODD)
    statuses = {image["id"]: image["status"] for image in details}
    assert statuses[image_id(0)] == "UNKNOWN"
    assert len(listed(cloud.request("admin", "GET", "/image/v2/images"))) == len(ODD)
