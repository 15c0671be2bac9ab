"""The table of roles: all operations on images, and the status code for each caller.

The rules for roles are those of Glance's default policy, and the status codes are those of a real
Glance. For Compute, they follow its API reference. All callers with a role act in one project.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from tests.support.cloud import PASSWORD, Cloud, Member, request_token
from tests.support.http import Response, request

PROJECT_ID, PROJECT = f"{0xC4E:032x}", "crew"
ROLES = {
    "admin": ("admin",),
    "member": ("member",),
    "reader": ("reader",),
    "unknown": ("observer",),  # a role that no policy mentions
}
MEMBERS = [Member(name, PROJECT_ID, roles, PROJECT) for name, roles in ROLES.items()]
MEMBERS += [Member("nobody", f"{0xB0D:032x}", (), "nobodys")]  # has no role anywhere
# Callers whose token has no project: a user with roles, one without, and an admin of the system
UNSCOPED = ("unscoped", "nobody")
SYSTEM = "system"
CALLERS = (*ROLES, *UNSCOPED)

JSON, DATA = "application/json", "application/octet-stream"
PATCH = "application/openstack-images-v2.1-json-patch"
KEY = "os_distro"
TAG = "known"
STORE_ID = "store"
_CHANGE = [{"op": "replace", "path": f"/{KEY}", "value": "x"}]
_SAME = [{"op": "replace", "path": f"/{KEY}", "value": "debian"}]

Needs = Literal["list", "read", "write", "create", "token", "admin", "admin service"]


@dataclass(frozen=True)
class Operation:
    """An operation. `path` is below the version root; the image has `status` before it."""

    api: Literal["compute", "image"]
    name: str
    method: str
    path: str
    needs: Needs
    success: int = 200
    body: object = None
    kind: str = JSON
    status: Literal["queued", "active", "deactivated"] = "active"
    member: str = ""  # the image is shared with this project, if it is not empty

    @property
    def payload(self) -> bytes | None:
        if self.body is None or isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body).encode()

    def __str__(self) -> str:
        return f"{self.api}-{self.name}"


def _compute() -> list[Operation]:
    image, item = "/images/{id}", f"/images/{{id}}/metadata/{KEY}"
    new, same = {"metadata": {KEY: "x"}}, {"metadata": {KEY: "debian"}}
    rows: list[tuple[str, str, str, Needs, int, object]] = [
        ("list", "GET", "/images", "list", 200, None),
        ("detail", "GET", "/images/detail", "list", 200, None),
        ("show", "GET", image, "read", 200, None),
        ("delete", "DELETE", image, "write", 204, None),
        ("metadata", "GET", f"{image}/metadata", "read", 200, None),
        ("create metadata", "POST", f"{image}/metadata", "write", 200, new),
        ("create no metadata", "POST", f"{image}/metadata", "write", 200, {"metadata": {}}),
        ("replace metadata", "PUT", f"{image}/metadata", "write", 200, new),
        ("replace metadata by itself", "PUT", f"{image}/metadata", "write", 200, same),
        ("item", "GET", item, "read", 200, None),
        ("set item", "PUT", item, "write", 200, {"meta": {KEY: "x"}}),
        ("set item to itself", "PUT", item, "write", 200, {"meta": {KEY: "debian"}}),
        ("delete item", "DELETE", item, "write", 204, None),
        ("version", "GET", "/", "token", 200, None),
    ]
    return [Operation("compute", *row) for row in rows]


def _image() -> list[Operation]:
    images, image = "/images", "/images/{id}"
    return [
        Operation("image", "list", "GET", images, "list"),
        Operation("image", "list after", "GET", f"{images}?marker={{id}}", "list"),
        Operation("image", "show", "GET", image, "read"),
        Operation("image", "create", "POST", images, "create", 201, {"name": "x"}),
        Operation("image", "update", "PATCH", image, "write", 200, _CHANGE, PATCH),
        Operation("image", "update by itself", "PATCH", image, "write", 200, _SAME, PATCH),
        Operation("image", "delete", "DELETE", image, "write", 204),
        Operation("image", "upload", "PUT", f"{image}/file", "write", 204, b"y", DATA, "queued"),
        Operation("image", "upload again", "PUT", f"{image}/file", "write", 409, b"y", DATA),
        Operation("image", "download", "GET", f"{image}/file", "write"),
        Operation("image", "deactivate", "POST", f"{image}/actions/deactivate", "write", 204),
        Operation(
            "image",
            "reactivate",
            "POST",
            f"{image}/actions/reactivate",
            "write",
            204,
            status="deactivated",
        ),
        Operation("image", "add tag", "PUT", f"{image}/tags/{{tag}}", "write", 204),
        Operation("image", "remove tag", "DELETE", f"{image}/tags/{{tag}}", "write", 204),
        *_members(),
        Operation("image", "locations", "GET", f"{image}/locations", "admin"),
        Operation(
            *("image", "add location", "POST", f"{image}/locations", "write"),
            *(403, {"url": "http://x"}, "application/json", "queued"),
        ),
        Operation("image", "usage", "GET", "/info/usage", "token"),
        Operation("image", "stores", "GET", "/info/stores", "token"),
        Operation("image", "stores in detail", "GET", "/info/stores/detail", "admin service"),
        Operation("image", "delete from store", "DELETE", "/stores/{store}/{id}", "admin", 403),
        Operation("image", "schema", "GET", "/schemas/image", "token"),
        Operation("image", "schema of lists", "GET", "/schemas/images", "token"),
        Operation("image", "schema of a member", "GET", "/schemas/member", "token"),
        Operation("image", "schema of members", "GET", "/schemas/members", "token"),
    ]


def _members() -> list[Operation]:
    members, other = "/images/{id}/members", "other"
    member, accept = f"{members}/{{member}}", {"status": "accepted"}
    return [
        Operation("image", "list members", "GET", members, "read", member=other),
        Operation(
            "image", "add member", "POST", members, "write", body={"member": "x"}, member=other
        ),
        Operation("image", "show member", "GET", member, "read", member=other),
        # The project that owns an image does not accept it: only admins do that for others.
        Operation("image", "accept", "PUT", member, "admin", body=accept, member=other),
        Operation("image", "remove member", "DELETE", member, "write", 204, member=other),
    ]


def _imports() -> list[Operation]:
    image = "/images/{id}"
    # A refused URL starts no import, which could end while the image is compared.
    web = {"method": {"name": "web-download", "uri": "ftp://x"}}
    return [
        Operation("image", "stage", "PUT", f"{image}/stage", "write", 204, b"y", DATA, "queued"),
        Operation("image", "import", "POST", f"{image}/import", "write", 400, web, status="queued"),
        Operation("image", "tasks of image", "GET", f"{image}/tasks", "read"),
        Operation("image", "import methods", "GET", "/info/import", "token"),
        Operation("image", "tasks", "GET", "/tasks", "admin service"),
        Operation("image", "create task", "POST", "/tasks", "admin service", 400, {}),
        Operation("image", "task", "GET", "/tasks/{id}", "admin service", 404),
        Operation("image", "delete task", "DELETE", "/tasks/{id}", "admin service", 405),
        Operation("image", "schema of task", "GET", "/schemas/task", "token"),
        Operation("image", "schema of tasks", "GET", "/schemas/tasks", "token"),
    ]


OPERATIONS = [*_compute(), *_image(), *_imports()]
OPERATIONS_BY_NAME = {str(operation): operation for operation in OPERATIONS}


def expected_status(operation: Operation, caller: str) -> int:
    """Return the status of an operation on an image of the caller's project or a public one.

    If the caller may read the image, a forbidden operation is 403; otherwise it is 404.
    """
    if operation.needs == "token" or caller == "admin":
        return operation.success
    if operation.needs == "admin service":
        return 403
    if caller == "member":
        return 403 if operation.needs == "admin" else operation.success
    if operation.api == "compute" and caller not in ROLES:
        return 403  # a token without a project (R10)
    if caller == "reader":
        return operation.success if operation.needs in ("list", "read") else 403
    return 403 if operation.needs in ("list", "create") else 404


def token_of(cloud: Cloud, caller: str) -> str:
    """Return a token of the caller, with the scope that the table has for it."""
    domain = {"id": "default"}
    name = {"unscoped": "member", SYSTEM: "admin"}.get(caller, caller)
    credentials = {"name": name, "domain": domain, "password": PASSWORD}
    auth: dict[str, object] = {"methods": ["password"], "password": {"user": credentials}}
    if caller in ROLES:
        return request_token(
            cloud.identity_url, {"identity": auth, "scope": {"project": {"id": PROJECT_ID}}}
        )
    scope = {"scope": {"system": {"all": True}}} if caller == SYSTEM else {}
    return request_token(cloud.identity_url, {"identity": auth, **scope})


def send(
    cloud: Cloud, token: str, operation: Operation, image_id: str = "", version: str = "/v2.1"
) -> Response:
    """Send the request of an operation. `version` is the version root of the Compute API."""
    address, prefix = cloud.address, version
    if operation.api == "image":
        place = urlsplit(cloud.image_url_at(cloud.process.base_url))
        address, prefix = (str(place.hostname), place.port or 80), f"{place.path}/v2"
    headers = {"X-Auth-Token": token}
    if operation.payload is not None:
        headers["Content-Type"] = operation.kind
    target = prefix + operation.path.format(
        id=image_id, member=operation.member, tag=TAG, store=STORE_ID
    )
    return request(address, operation.method, target, headers, operation.payload)


class CloudWithRoles:
    """A cloud with a user for each role, and a token of each caller."""

    def __init__(self, cloud: Cloud, callers: tuple[str, ...]) -> None:
        self.cloud = cloud
        self.tokens = {caller: token_of(cloud, caller) for caller in callers}

    def send(self, caller: str, operation: Operation, image_id: str = "", **more: str) -> Response:
        return send(self.cloud, self.tokens[caller], operation, image_id, **more)

    def prepare(self, method: str, path: str, body: object, kind: str = "application/json") -> Any:
        """Send a request to the Image API as the admin; return the document of the response."""
        step = Operation("image", "prepare", method, path, "write", body=body, kind=kind)
        response = self.send("admin", step)
        assert response.status < 300, str(response)
        return response.json() if response.body else None

    def create_image(self, status: str = "active", visibility: str = "private") -> str:
        """Create an image of the admin with this status; return its id."""
        formats = {"disk_format": "raw", "container_format": "bare"}
        new = {"name": "x", KEY: "debian", "visibility": visibility, "tags": [TAG], **formats}
        image_id = str(self.prepare("POST", "/images", new)["id"])
        if status != "queued":
            self.prepare("PUT", f"/images/{image_id}/file", b"data", DATA)
        if status == "deactivated":
            self.prepare("POST", f"/images/{image_id}/actions/deactivate", None)
        return image_id

    def image_for(self, operation: Operation, visibility: str = "private") -> str:
        """Create an image for an operation; return its id. It is shared if that needs a member."""
        if not operation.member:
            return self.create_image(operation.status, visibility)
        image_id = self.create_image(operation.status, "shared")
        self.prepare("POST", f"/images/{image_id}/members", {"member": operation.member})
        return image_id

    def get_image(self, image_id: str) -> Any:
        return self.prepare("GET", f"/images/{image_id}", None)
