"""Policy files in a cloud with servers: Compute's rules for servers replace its defaults."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.server_roles import (
    OPERATIONS_BY_NAME,
    CloudWithServers,
    other_projects_server,
    start,
)
from tests.support.parameter_ids import parameter_id
from tests.support.policy import write_policy
from tests.support.process import run_glimpse

SERVERS = "os_compute_api:servers:"
OTHER = other_projects_server()
# rules; caller; operation; the status
CASES: list[tuple[dict[str, str], str, str, int]] = [
    ({"index": "role:admin"}, "member", "list", 403),
    ({"index": "role:admin"}, "member", "detail", 200),
    ({"detail": "!"}, "admin", "detail", 403),
    ({"index": "role:observer"}, "unknown", "list", 200),
    ({"index:get_all_tenants": "role:member"}, "member", "list of all projects", 200),
    ({"index:get_all_tenants": "role:member"}, "member", "detail of all projects", 403),
    (
        {"detail:get_all_tenants": "rule:project_reader_api"},
        "reader",
        "detail of all projects",
        200,
    ),
    ({"detail:get_all_tenants": "!"}, "admin", "detail of all projects", 403),
    ({"show": "role:member"}, "reader", "show", 403),
    ({"show": "project_id:%(project_id)s"}, "unknown", "show", 200),
    ({"show": "user_id:%(user_id)s"}, "admin", "show", 200),
    ({"show": "user_id:%(user_id)s"}, "member", "show", 403),
    ({"show": "@"}, "unscoped", "show", 403),
    ({"create": "!"}, "admin", "create", 403),
    ({"create": "role:reader"}, "reader", "create", 202),
    ({"delete": "rule:context_is_admin"}, "member", "delete", 403),
    ({"delete": "role:reader"}, "reader", "delete", 204),
    ({"create_image": "rule:context_is_admin"}, "member", "create image", 403),
    ({"create_image": "rule:project_member_or_admin"}, "member", "create image", 202),
    # The image service has a rule of its own for the image
    ({"create_image": "role:reader"}, "reader", "create image", 403),
]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudWithServers]:
    directory = tmp_path_factory.mktemp("policy")
    with start(directory, [OTHER], write_policy(directory / "policy.yaml", {})) as started:
        yield started


@pytest.mark.parametrize(("rules", "caller", "name", "status"), CASES, ids=parameter_id)
def test_a_rule_for_servers_applies_from_the_next_request(
    cloud: CloudWithServers, rules: dict[str, str], caller: str, name: str, status: int
) -> None:
    write_policy(cloud.policy, {})
    server_id = cloud.make_server()
    write_policy(cloud.policy, {SERVERS + rule: check for rule, check in rules.items()})
    response = cloud.send(caller, OPERATIONS_BY_NAME[name], server_id)
    assert response.status == status, str(response)


def test_a_refusal_names_the_rule(cloud: CloudWithServers) -> None:
    rules = {f"{SERVERS}detail:get_all_tenants": "!", f"{SERVERS}create": "!"}
    write_policy(cloud.policy, rules)
    for name, rule in zip(("detail of all projects", "create"), rules, strict=True):
        message = f"Policy doesn't allow {rule} to be performed."
        response = cloud.send("admin", OPERATIONS_BY_NAME[name])
        assert response.json() == {"forbidden": {"code": 403, "message": message}}


def test_no_rule_shows_the_server_of_another_project(cloud: CloudWithServers) -> None:
    write_policy(cloud.policy, {f"{SERVERS}show": "@", f"{SERVERS}delete": "@"})
    for name in ("show", "delete"):
        response = cloud.send("member", OPERATIONS_BY_NAME[name], OTHER.id)
        assert response.status == 404, str(response)


def test_rules_decide_who_sees_the_host(cloud: CloudWithServers) -> None:
    write_policy(cloud.policy, {})
    server_id = cloud.make_server()
    for caller, check, is_shown in (("reader", "role:reader", True), ("admin", "!", False)):
        write_policy(cloud.policy, {"os_compute_api:os-extended-server-attributes": check})
        document = cloud.send(caller, OPERATIONS_BY_NAME["show"], server_id).json()["server"]
        assert ("OS-EXT-SRV-ATTR:host" in document) == is_shown


def test_check_lists_the_rules_for_servers_that_are_used(tmp_path: Path) -> None:
    rules = {f"{SERVERS}show": "@", f"{SERVERS}rebuild": "!", "default": "!"}
    policy = write_policy(tmp_path / "policy.yaml", rules)
    with start(tmp_path, [], policy):
        conf = str(tmp_path / "glimpse.conf")
        state = ["--state-dir", str(tmp_path / "state")]
        done = run_glimpse("check", "--no-bind", "--config-file", conf, *state)
    assert f"is used for {SERVERS}show\n" in done.stdout, done
