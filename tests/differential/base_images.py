"""The users and the images that both clouds have from the start.

The images have dates of their own, so that lists have one order. They have the property ``lot``
with the value ``base``, by which lists select them; images that requests create do not.
"""

from typing import Any

from tests.support.cloud import Member

CREW, OTHERS, ADMINS = f"{0xA:032x}", f"{0xB:032x}", f"{0xC:032x}"
MEMBERS = (
    Member("owner", CREW, ("member", "reader"), "crew"),
    Member("reader", CREW, ("reader",), "crew"),
    Member("other", OTHERS, ("member", "reader"), "others"),
    Member("admin", ADMINS, ("admin", "member", "reader"), "admins"),
)


def image_id(number: int) -> str:
    """Return the id of the base image with this number."""
    return f"00000000-0000-4000-8000-{number:012x}"


ABSENT_IMAGE = image_id(0xDEAD)
_ATTRIBUTES: tuple[dict[str, Any], ...] = (
    {"name": "alpha", "size": 7, "min_ram": 1, "tags": ["t", "u"], "protected": True},
    {"name": "beta", "size": 1024, "min_disk": 2, "tags": ["t"], "disk_format": "qcow2"},
    {"name": "Gamma", "visibility": "community", "os_hidden": True, "size": 3},
    {"name": 'q"uote', "visibility": "private", "container_format": "ovf", "color": "red"},
    {"name": "c,d", "visibility": "public", "owner": ADMINS, "min_ram": 64, "color": "Red"},
    {"name": "shared one", "owner": OTHERS, "members": [{"member_id": CREW, "status": "accepted"}]},
    {"name": "shared two", "owner": OTHERS, "members": [{"member_id": CREW, "status": "pending"}]},
    {
        "name": "shared three",
        "owner": OTHERS,
        "members": [{"member_id": CREW, "status": "rejected"}],
    },
    {"name": "not yours", "owner": OTHERS, "visibility": "private"},
    {"name": None, "owner": OTHERS, "visibility": "community", "tags": ["u"]},
    {"name": "é", "status": "queued", "size": None, "tags": ["é"], "color": "blue"},
    {"name": "Tag case", "tags": ["T"], "status": "deactivated", "virtual_size": 99},
    {"name": "ours to share", "members": [{"member_id": OTHERS, "status": "pending"}]},
)


def _document(number: int, attributes: dict[str, Any]) -> dict[str, Any]:
    return {
        "status": "active",
        "owner": CREW,
        "visibility": "shared",
        "size": number,
        "disk_format": "raw",
        "container_format": "bare",
        **attributes,
        "id": image_id(number),
        "lot": "base",
        "created_at": f"2024-02-{number + 1:02}T10:20:30Z",
        "updated_at": f"2024-03-{28 - number:02}T11:21:31Z",
    }


BASE_IMAGES = tuple(_document(number, each) for number, each in enumerate(_ATTRIBUTES))
