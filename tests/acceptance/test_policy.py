"""Policy files: with embedded services, and with a gateway in front of a Glance."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.roles import (
    KEY,
    MEMBERS,
    OPERATIONS_BY_NAME,
    PATCH,
    ROLES,
    CloudWithRoles,
    Operation,
)
from tests.support.cloud import EmbeddedCloud, seed_identity
from tests.support.gateway import SERVICE, Sections, gateway
from tests.support.parameter_ids import parameter_id
from tests.support.policy import write_policy
from tests.support.process import GlimpseProcess, free_port, run_glimpse

COMPUTE = "os_compute_api:os-images"
METADATA = "os_compute_api:os-image-metadata"
PUBLISH = Operation(
    "image",
    "publish",
    "PATCH",
    "/images/{id}",
    "write",
    200,
    [{"op": "replace", "path": "/visibility", "value": "public"}],
    PATCH,
)
SET, DELETE, SHOW, LIST = (
    OPERATIONS_BY_NAME[f"compute-{n}"] for n in ("set item", "delete", "show", "list")
)
DEACTIVATE, REACTIVATE = (OPERATIONS_BY_NAME[f"image-{n}"] for n in ("deactivate", "reactivate"))
DOWNLOAD, UPLOAD = OPERATIONS_BY_NAME["image-download"], OPERATIONS_BY_NAME["image-upload"]
LIST_MEMBERS, ADD_MEMBER, ACCEPT = (
    OPERATIONS_BY_NAME[f"image-{name}"] for name in ("list members", "add member", "accept")
)
# rules; caller; operation; status of embedded services; status of a gateway, whose rules can only
# forbid more than Glance does (None: a gateway has no such operation)
CASES: list[tuple[dict[str, str], str, Operation, int, int | None]] = [
    ({"modify_image": "role:admin"}, "member", SET, 403, 403),
    ({"modify_image": "role:admin"}, "admin", SET, 200, 200),
    ({"modify_image": "role:admin"}, "member", DELETE, 204, 204),
    ({"modify_image": "role:reader"}, "reader", SET, 200, 403),
    ({"delete_image": "!"}, "admin", DELETE, 403, 403),
    ({"delete_image": "!"}, "member", OPERATIONS_BY_NAME["image-delete"], 403, None),
    ({"delete_image": "role:reader"}, "reader", DELETE, 204, 403),
    ({"get_images": "role:admin"}, "member", LIST, 403, 403),
    ({"get_images": "role:admin"}, "member", OPERATIONS_BY_NAME["image-list"], 403, None),
    ({"get_images": "role:admin"}, "member", SHOW, 200, 200),
    ({"get_image": "role:admin"}, "member", SHOW, 404, 404),
    ({"get_image": "role:admin"}, "member", SET, 404, 404),
    ({"get_image": "role:admin"}, "member", DELETE, 404, 404),
    ({"get_image": f"'other':%({KEY})s"}, "member", SHOW, 404, 404),
    ({"get_image": f"'debian':%({KEY})s"}, "member", SHOW, 200, 200),
    ({"get_image": "role:observer"}, "unknown", SHOW, 200, 404),
    ({"add_image": "role:admin"}, "member", OPERATIONS_BY_NAME["image-create"], 403, None),
    ({"add_image": "role:reader"}, "reader", OPERATIONS_BY_NAME["image-create"], 201, None),
    ({"add_image": "@"}, "unscoped", OPERATIONS_BY_NAME["image-create"], 403, None),
    ({"upload_image": "!"}, "member", UPLOAD, 403, None),
    ({"download_image": "!"}, "admin", DOWNLOAD, 403, None),
    ({"download_image": "role:reader"}, "reader", DOWNLOAD, 200, None),
    ({"deactivate": "rule:context_is_admin"}, "member", DEACTIVATE, 403, None),
    ({"reactivate": "rule:context_is_admin"}, "member", REACTIVATE, 403, None),
    ({"get_members": "!"}, "admin", LIST_MEMBERS, 403, None),
    ({"get_members": "role:observer", "get_image": "@"}, "unknown", LIST_MEMBERS, 200, None),
    ({"get_member": "!"}, "admin", OPERATIONS_BY_NAME["image-show member"], 404, None),
    ({"get_member": "!"}, "admin", ACCEPT, 403, None),
    ({"add_member": "!"}, "admin", ADD_MEMBER, 403, None),
    ({"add_member": "role:reader"}, "reader", ADD_MEMBER, 200, None),
    ({"modify_member": "role:member"}, "member", ACCEPT, 200, None),
    ({"modify_member": "!"}, "admin", ACCEPT, 403, None),
    ({"delete_member": "!"}, "admin", OPERATIONS_BY_NAME["image-remove member"], 403, None),
    ({"get_image": "!"}, "admin", ADD_MEMBER, 404, None),
    ({"publicize_image": "role:member"}, "member", PUBLISH, 200, None),
    ({"publicize_image": "!"}, "admin", PUBLISH, 403, None),
    ({COMPUTE: "role:admin"}, "member", LIST, 403, 403),
    ({COMPUTE: "role:admin"}, "member", SET, 403, 403),
    ({COMPUTE: "role:admin"}, "member", OPERATIONS_BY_NAME["image-show"], 200, None),
    ({COMPUTE: "!", f"{COMPUTE}:show": "@"}, "member", SHOW, 200, 200),
    ({f"{COMPUTE}:delete": "role:admin"}, "member", DELETE, 403, 403),
    ({f"{METADATA}:update": "role:admin"}, "member", SET, 403, 403),
    ({f"{METADATA}:update": "@"}, "reader", SET, 403, 403),
    ({"os_compute_api:servers:index": "!", "default": "!"}, "member", SHOW, 200, 200),
]


class CloudWithPolicy(CloudWithRoles):
    """A cloud whose policy file tests write."""

    policy: Path


@pytest.fixture(scope="module", params=["embedded", "gateway"])
def cloud_with_policy(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CloudWithPolicy]:
    directory: Path = tmp_path_factory.mktemp("policy")
    seed_identity(directory / "state", [*MEMBERS, SERVICE])
    policy = write_policy(directory / "policy.yaml", {})
    conf = directory / "glimpse.conf"
    conf.write_text(f"[oslo_policy]\npolicy_file = {policy}\n")
    own = ["--config-file", str(conf)] if request.param == "embedded" else []
    with GlimpseProcess(directory / "state", arguments=own) as process:
        embedded = EmbeddedCloud(process)
        callers = (*ROLES, "unscoped")
        if request.param == "embedded":
            made = CloudWithPolicy(embedded, callers)
            made.policy = policy
            yield made
            return
        sections: Sections = {
            "glance": {"api_servers": f"{process.base_url}/image"},
            "oslo_policy": {"policy_file": policy},
        }
        with gateway(directory / "gateway", embedded, sections) as cloud:
            made = CloudWithPolicy(cloud, callers)
            made.policy = policy
            yield made


@pytest.mark.parametrize(
    ("rules", "caller", "operation", "embedded", "before_glance"), CASES, ids=parameter_id
)
def test_a_changed_rule_applies_from_the_next_request(
    cloud_with_policy: CloudWithPolicy,
    rules: dict[str, Any],
    caller: str,
    operation: Operation,
    embedded: int,
    before_glance: int | None,
) -> None:
    expected = embedded if isinstance(cloud_with_policy.cloud, EmbeddedCloud) else before_glance
    if expected is None:
        return
    write_policy(cloud_with_policy.policy, {})
    image_id = cloud_with_policy.image_for(operation)
    write_policy(cloud_with_policy.policy, rules)
    response = cloud_with_policy.send(caller, operation, image_id)
    assert response.status == expected, str(response)


def test_images_that_a_rule_hides_are_not_listed(cloud_with_policy: CloudWithPolicy) -> None:
    write_policy(cloud_with_policy.policy, {})
    ids = {cloud_with_policy.create_image() for _ in range(3)}
    write_policy(cloud_with_policy.policy, {"get_image": "role:admin"})
    response = cloud_with_policy.send("member", LIST)
    assert response.status == 200, str(response)
    assert response.json() == {"images": []}
    listed = {image["id"] for image in cloud_with_policy.send("admin", LIST).json()["images"]}
    assert ids <= listed


def test_an_invalid_policy_file_does_not_change_the_rules(
    cloud_with_policy: CloudWithPolicy,
) -> None:
    write_policy(cloud_with_policy.policy, {"get_images": "role:admin"})
    assert cloud_with_policy.send("member", LIST).status == 403
    cloud_with_policy.policy.write_text("get_images: 'role:member and'\n")
    for _ in range(3):
        assert cloud_with_policy.send("member", LIST).status == 403
    log = cloud_with_policy.cloud.process.log.read_text()
    assert log.count("The rules stay as they were;") == 1, log
    assert "Traceback" not in log


@pytest.mark.parametrize("rule", ["role:admin and", "rule:missing", "https://localhost/x"])
def test_an_invalid_policy_file_is_one_line_of_serve_and_check(tmp_path: Path, rule: str) -> None:
    policy = write_policy(tmp_path / "policy.yaml", {"modify_image": rule})
    conf = tmp_path / "glimpse.conf"
    conf.write_text("[oslo_policy]\npolicy_file = policy.yaml\n")
    arguments = ["--config-file", str(conf), "--state-dir", str(tmp_path / "state")]
    for command in ("check", "serve"):
        done = run_glimpse(command, *arguments, "--port", str(free_port()))
        assert done.returncode == 1, done
        lines = [line for line in (done.stdout + done.stderr).splitlines() if str(policy) in line]
        assert len(lines) == 1, done
        assert "modify_image" in lines[0]
        assert "Traceback" not in done.stderr


def test_check_lists_the_rules_that_are_used(tmp_path: Path) -> None:
    write_policy(tmp_path / "policy.yaml", {"modify_image": "!", "other": "!", COMPUTE: "@"})
    conf = tmp_path / "nova.conf"
    conf.write_text("")
    state = ["--state-dir", str(tmp_path / "state"), "--port", str(free_port())]
    done = run_glimpse("check", "--config-file", str(conf), *state)
    assert f"is used for modify_image, {COMPUTE}\n" in done.stdout, done
