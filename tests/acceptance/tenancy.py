"""The table of tenancy: what each caller may do with each kind of image of `owner`.

Visibility and ownership follow the Image service's guide, the status codes those of Compute. An
outcome has four letters: L, the image is in a list; V, it can be shown; E, its metadata can be
edited; D, it can be deleted. A dash stands for what is not possible.
"""

import json
import uuid
from dataclasses import dataclass
from typing import Any

CALLERS = ("owner", "member", "pending", "other", "admin")
PROJECTS = {name: f"{number:032x}" for number, name in enumerate(CALLERS, 1)}
UNKNOWN_CALLERS = ("none", "expired")  # no token, and one that has expired
#   image         owner   member  pending other   admin (of a project of its own)
TABLE = """
    private       LVED    ----    ----    ----    LVED
    shared        LVED    LV--    -V--    ----    LVED
    community     LVED    -V--    -V--    -V--    -VED
    public        LVED    LV--    LV--    LV--    LVED
    hidden        -VED    -V--    -V--    -V--    -VED
    protected     LVE-    ----    ----    ----    LVE-
"""
# What the images of the table are; all belong to `owner`, and all have `member` (accepted) and
# `pending` (not answered yet) as members, which counts for the shared one only.
ATTRIBUTES: dict[str, dict[str, object]] = {
    "private": {"visibility": "private"},
    "shared": {"visibility": "shared"},
    "community": {"visibility": "community"},
    "public": {"visibility": "public"},
    "hidden": {"visibility": "public", "os_hidden": True},
    "protected": {"visibility": "private", "protected": True},
}
OUTCOMES = {
    (caller, image): outcome
    for image, *outcomes in (line.split() for line in TABLE.strip().splitlines())
    for caller, outcome in zip(CALLERS, outcomes, strict=True)
}
KEY = "os_distro"  # a property that every image of the table has


def image_document(kind: str) -> dict[str, Any]:
    """Return a new image of `owner`, one of ATTRIBUTES, with both members."""
    return {
        "id": str(uuid.uuid4()),
        "name": kind,
        "status": "active",
        "owner": PROJECTS["owner"],
        "size": 1,
        "disk_format": "raw",
        "container_format": "bare",
        "created_at": "2024-02-01T10:20:30Z",
        "updated_at": "2024-03-01T11:21:31Z",
        KEY: "debian",
        "members": [
            {"member_id": PROJECTS["member"], "status": "accepted"},
            {"member_id": PROJECTS["pending"], "status": "pending"},
        ],
        **ATTRIBUTES[kind],
    }


@dataclass(frozen=True)
class Operation:
    """An operation of the Compute API: `path` is below /images, `needs` a letter of outcomes."""

    name: str
    method: str
    path: str
    needs: str
    success: int = 200
    body: object = None

    def target(self, image_id: str) -> str:
        return "/v2.1/images" + self.path.format(id=image_id, key=KEY)

    @property
    def payload(self) -> bytes | None:
        return None if self.body is None else json.dumps(self.body).encode()


OPERATIONS = (
    Operation("list", "GET", "", "L"),
    Operation("detail", "GET", "/detail", "L"),
    Operation("show", "GET", "/{id}", "V"),
    Operation("delete", "DELETE", "/{id}", "D", 204),
    Operation("metadata", "GET", "/{id}/metadata", "V"),
    Operation("metadata create", "POST", "/{id}/metadata", "E", body={"metadata": {KEY: "x"}}),
    Operation("metadata replace", "PUT", "/{id}/metadata", "E", body={"metadata": {KEY: "x"}}),
    Operation("item", "GET", "/{id}/metadata/{key}", "V"),
    Operation("item set", "PUT", "/{id}/metadata/{key}", "E", body={"meta": {KEY: "x"}}),
    Operation("item delete", "DELETE", "/{id}/metadata/{key}", "E", 204),
)


def expected_status(operation: Operation, caller: str, image: str) -> int:
    """Return the status of an operation by `caller` on an image of kind `image`.

    A list always succeeds. An image that the caller may not see is 404; one that the caller may see
    but not change is 403.
    """
    if caller in UNKNOWN_CALLERS:
        return 401
    outcome = OUTCOMES[caller, image]
    if operation.needs == "L" or operation.needs in outcome:
        return operation.success
    return 403 if "V" in outcome else 404
