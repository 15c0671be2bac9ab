"""The table of roles for servers: all operations, and the status code for each caller.

The rules are Compute's defaults. As in `roles`, all callers with a role act in one project.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from glimpse.servers.server import Server
from tests.acceptance.roles import (
    CALLERS,
    KEY,
    MEMBERS,
    PROJECT_ID,
    UNSCOPED,
    CloudWithRoles,
    Needs,
    Operation,
)
from tests.support.cloud import EmbeddedCloud, seed_identity
from tests.support.process import GlimpseProcess
from tests.support.servers import make_server, seed_servers

IMAGE_ID = str(uuid.uuid4())
_DATES = {"created_at": "2024-02-01T10:20:30Z", "updated_at": "2024-02-01T10:20:30Z"}
_IMAGE = {"id": IMAGE_ID, "name": "base", "status": "active", KEY: "debian", **_DATES}
NEW = {"server": {"name": "x", "imageRef": IMAGE_ID, "flavorRef": "m1.tiny"}}
SNAPSHOT = {"createImage": {"name": "snapshot", "metadata": {"key": "value"}}}


def _operations() -> list[Operation]:
    server, action = "/servers/{id}", "/servers/{id}/action"
    everywhere = "?all_tenants=1"
    rows: list[tuple[str, str, str, Needs, int, object]] = [
        ("list", "GET", "/servers", "list", 200, None),
        ("list of all projects", "GET", f"/servers{everywhere}", "admin", 200, None),
        ("detail", "GET", "/servers/detail", "list", 200, None),
        ("detail of all projects", "GET", f"/servers/detail{everywhere}", "admin", 200, None),
        ("show", "GET", server, "read", 200, None),
        ("create", "POST", "/servers", "create", 202, NEW),
        ("delete", "DELETE", server, "write", 204, None),
        ("create image", "POST", action, "write", 202, SNAPSHOT),
        ("another action", "POST", action, "token", 501, {"os-stop": None}),
        ("flavors", "GET", "/flavors", "token", 200, None),
        ("flavors in detail", "GET", "/flavors/detail", "token", 200, None),
        ("flavor", "GET", "/flavors/m1.tiny", "token", 200, None),
    ]
    return [Operation("compute", *row) for row in rows]


OPERATIONS = _operations()
OPERATIONS_BY_NAME = {operation.name: operation for operation in OPERATIONS}


def expected_status(operation: Operation, caller: str) -> int:
    """Return the status of an operation on a server of the caller's project."""
    if operation.needs == "token" or caller == "admin":
        return operation.success
    if caller in UNSCOPED:
        return 403
    permitted = {"member": ("list", "read", "create", "write"), "reader": ("list", "read")}
    return operation.success if operation.needs in permitted.get(caller, ()) else 403


class CloudWithServers(CloudWithRoles):
    """A cloud with a user for each role, and with servers."""

    policy: Path  # the policy file, which need not exist

    def make_server(self) -> str:
        """Make a server of the project of all roles; return its id."""
        response = self.send("admin", OPERATIONS_BY_NAME["create"])
        assert response.status == 202, str(response)
        return str(response.json()["server"]["id"])

    def state(self, server_id: str) -> Any:
        """Return a server, and the ids of all servers and images, as the admin sees them."""
        shown = self.send("admin", OPERATIONS_BY_NAME["show"], server_id).json()
        listed = self.send("admin", OPERATIONS_BY_NAME["list of all projects"]).json()
        images = self.prepare("GET", "/images", None)["images"]
        return shown, [each["id"] for each in listed["servers"]], [each["id"] for each in images]


@contextmanager
def start(
    directory: Path, servers: list[Server], policy: Path | None = None
) -> Iterator[CloudWithServers]:
    """Run a cloud with `servers`, in which a snapshot takes no time."""
    seed_identity(directory / "state", MEMBERS)
    seed_servers(directory / "state", servers, [{**_IMAGE, "owner": PROJECT_ID}])
    lines = ["[embedded]", "snapshot_seconds = 0"]
    if policy is not None:
        lines += ["[oslo_policy]", f"policy_file = {policy}"]
    settings = directory / "glimpse.conf"
    settings.write_text("\n".join(lines) + "\n")
    with GlimpseProcess(directory / "state", arguments=["--config-file", str(settings)]) as process:
        cloud = CloudWithServers(EmbeddedCloud(process), CALLERS)
        cloud.policy = policy or directory / "none"
        yield cloud


def other_projects_server() -> Server:
    """Return a server of a project in which no caller has a role."""
    return make_server(name="other", project_id=f"{0xFACE:032x}", image_id=IMAGE_ID)
