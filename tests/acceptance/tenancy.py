"""Who may do what to whose image: the table, and the requests that show it.

Visibility and ownership are the Image service's rules (its images guide), the status codes are
Compute's. An outcome is four letters: L the image is in a plain list, V it can be seen by id, E its
metadata can be edited, D it can be deleted; a dash says not.
"""

import json
from dataclasses import dataclass

CALLERS = ("owner", "member", "pending", "other", "admin")
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


@dataclass(frozen=True)
class Operation:
    """One operation of the Compute API: `path` below /images, `needs` a letter of an outcome."""

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
    """The status of `operation` by `caller` on `image`.

    A list always succeeds (what it holds is the outcome's L). An image that the caller cannot see
    is 404, whatever is asked of it; one that it sees but may not change is 403.
    """
    if caller in UNKNOWN_CALLERS:
        return 401
    outcome = OUTCOMES[caller, image]
    if operation.needs == "L" or operation.needs in outcome:
        return operation.success
    return 403 if "V" in outcome else 404
