"""Images with odd values in Glance's tables, and users that may see some of them.

Glance's API would refuse to make some of these rows. All the same, an upgrade, another version or
an operator may have left them in the tables.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from tests.peers.conftest import ADMIN, COLLECTOR, OWNER, STRANGER
from tests.peers.glance_tables import put_images
from tests.peers.peer_cloud import PeerCloud
from tests.support.cloud import Member

READER = Member("reader", OWNER.project_id, ("reader",), OWNER.name)
GUEST = Member("guest", OWNER.project_id, ("guest",), OWNER.name)  # a role without rights
SYSTEM = Member("system", f"{0x5E:032x}", (), None, ("admin",))
USERS = (OWNER, READER, GUEST, COLLECTOR, STRANGER, ADMIN, SYSTEM)

TEXTS = (
    *("plain", "Plain", "PLAIN", "plain ", " plain", "", "0", "null", "true", "abc"),
    *("it's", 'q"uote', "back\\slash", "a\\", "%", "_", "a,b", "in:a,b", "gt:1", "a&b=c", "a+b"),
    *("\t\n\r\x0b", "\x01\x1f\x7f", "é", "e\u0301", "É", "ß", "ss", "ÿ\u2028", "日本", "<&>"),
)
FOUR_BYTES = ("\U0001f600", "a\U0001f600b", '"\U00020000\\')
KEYS = ("key1", "Key2", "architecture", "os_distro", "ключ", "a b", "a.b:c", "description")
LONG = ("x" * 1100, 'é\\"' * 3000)  # longer than group_concat_max_len, and than a page has
STATUSES = ("active", "queued", "saving", "deactivated", "killed", "pending_delete", "importing")
_REMOVED_MEMBER = "removed member"  # images whose member rows are marked as deleted

Document = Mapping[str, Any]


def image_id(number: int) -> str:
    """Return the id of the image with this number; it has letters."""
    return f"abcdef00-0000-4000-8000-{number:012x}"


def make_images(*, four_bytes: bool) -> list[Document]:
    """Return the Image API documents of all images, by number.

    Those whose texts have characters of four bytes are the last ones; without `four_bytes` they are
    left out.
    """
    last = [{"name": text, KEYS[0]: text, "tags": [text]} for text in FOUR_BYTES]
    attributes = [*_attributes(), *(last if four_bytes else ())]
    return [_document(number, each) for number, each in enumerate(attributes)]


def _document(number: int, attributes: Document) -> Document:
    """Complete a document. Three images at a time have equal dates of creation."""
    return {
        "name": f"image {number % 7}",
        "status": "active",
        "owner": OWNER.project_id,
        "visibility": "shared",
        "size": number * 10,
        "min_disk": number % 3,
        "min_ram": number % 5 * 64,
        "disk_format": ("raw", "qcow2", None)[number % 3],
        "container_format": "bare",
        "lot": str(number % 4),
        "created_at": f"2024-02-01T10:{number // 3:02}:30Z",
        "updated_at": f"2024-03-01T11:{59 - number // 2 % 60:02}:31Z",
        **attributes,
        "id": image_id(number),
    }


def _attributes() -> Iterator[Document]:
    for number, text in enumerate(TEXTS):
        yield {"name": text, KEYS[number % len(KEYS)]: text}
    yield {"name": None, "size": None, "disk_format": None, "container_format": None}
    yield {"key1": None, "Key2": "", "description": None}
    yield {"name": "n" * 255, **{f"long{number}": text for number, text in enumerate(LONG)}}
    yield {f"many{number}": "value" * 20 for number in range(120)}
    yield {"size": 2**53 + 1, "virtual_size": 2**62, "min_ram": 2**31 - 1, "min_disk": 2**31 - 1}
    yield {"image_type": "snapshot", "instance_uuid": image_id(0xF00), "kernel_id": image_id(1)}
    yield {"image_type": "Snapshot", "base_image_ref": image_id(2), "ramdisk_id": ""}
    yield {"os_glance_stage_host": "http://stage", "os_glance_importing_to_stores": "a"}
    yield {"os_hidden": True}
    yield {"os_hidden": True, "visibility": "public", "owner": STRANGER.project_id}
    yield {"protected": True, "tags": ["b", "a", 'q"'], "checksum": "0" * 32}
    for status in STATUSES:
        yield {"status": status}
        yield {"status": status, "visibility": "public", "owner": ADMIN.project_id}
    for owner, visibility in itertools.product(
        (None, OWNER.project_id, STRANGER.project_id, ADMIN.project_id),
        ("public", "private", "shared", "community"),
    ):
        yield {"owner": owner, "visibility": visibility}
        for member, status in (
            (COLLECTOR, "accepted"),
            (COLLECTOR, "pending"),
            (OWNER, "rejected"),
            (OWNER, "accepted"),
        ):
            members = [{"member_id": member.project_id, "status": status}]
            yield {"owner": owner, "visibility": visibility, "members": members}
        members = [{"member_id": COLLECTOR.project_id, "status": "accepted"}]
        lot = {"lot": _REMOVED_MEMBER}
        yield {"owner": owner, "visibility": visibility, "members": members, **lot}


def put_odd_images(peers: PeerCloud, images: list[Document]) -> None:
    """Write the images, and change some of their rows to what Image API documents cannot say."""
    with peers.glance_tables() as tables:
        put_images(tables, images)
        for number in range(2, len(images), 17):
            tables.execute(
                "UPDATE images SET deleted = true, status = 'deleted',"
                " deleted_at = '2024-04-01' WHERE id = ?",
                (image_id(number),),
            )
        for image in images:
            if image["lot"] == _REMOVED_MEMBER:
                tables.execute(
                    "UPDATE image_members SET deleted = true WHERE image_id = ?", (image["id"],)
                )
        for table in ("image_properties", "image_tags"):
            for number in range(5, len(images), 11):
                tables.execute(
                    f"UPDATE {table} SET deleted = true WHERE image_id = ?", (image_id(number),)
                )
        for number in range(3, len(images), 23):
            values = (image_id(number),)
            tables.execute("UPDATE images SET updated_at = NULL WHERE id = ?", values)
        for number in range(4, len(images), 19):
            tables.execute(
                "INSERT INTO image_properties (image_id, name, value, created_at, deleted)"
                " VALUES (?, 'min_ram', '12', '2024-02-01', false)",
                (image_id(number),),
            )
