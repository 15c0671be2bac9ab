"""Glance's policy: its default rules, and an operator's in their place."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from glimpse.app.glance_policy import read_glance_rules
from glimpse.glance_database.policy import GlancePolicy
from glimpse.images import Caller, Image, image_from_document
from glimpse.settings import InvalidSettings
from tests.support.policy import write_policy

READER = Caller("user", "demo", frozenset(("Reader",)))
ADMIN = Caller("boss", "admin", frozenset(("admin",)))


def _image(**attributes: object) -> Image:
    dates = dict.fromkeys(("created_at", "updated_at"), "2024-02-01T10:20:30Z")
    return image_from_document({"id": "image", "status": "active", **dates, **attributes})


@pytest.mark.parametrize(
    ("attributes", "allowed"),
    [
        ({"owner": "demo", "visibility": "private"}, True),
        ({"owner": "alt", "visibility": "public"}, True),
        ({"owner": "alt", "visibility": "community"}, True),
        ({"owner": "alt", "visibility": "shared"}, True),
        ({"owner": "alt", "visibility": "private"}, False),
        ({"owner": None, "visibility": "private"}, False),
    ],
)
def test_by_default_a_reader_gets_images_of_its_project_and_those_it_can_see(
    attributes: Mapping[str, object], *, allowed: bool
) -> None:
    reader = GlancePolicy(read_glance_rules()).identify(READER)
    assert reader.may_list()
    assert reader.may_get(_image(**attributes)) == allowed
    assert GlancePolicy(read_glance_rules()).identify(ADMIN).may_get(_image(**attributes))


@pytest.mark.parametrize(
    "caller",
    [
        Caller("user", "demo", frozenset(("other",))),
        Caller("user", "demo"),
        Caller("user", None),
        Caller("boss", None, frozenset(("admin", "reader"))),
    ],
    ids=["other role", "no role", "no scope", "system scope"],
)
def test_by_default_others_get_nothing(caller: Caller) -> None:
    other = GlancePolicy(read_glance_rules()).identify(caller)
    assert not other.may_list()
    assert not other.may_get(_image(owner="demo", visibility="public"))


def test_an_operator_can_name_another_role_of_admins(tmp_path: Path) -> None:
    rules = read_glance_rules(_policy(tmp_path, {"context_is_admin": "role:operator"}))
    assert GlancePolicy(rules).identify(Caller("u", "p", frozenset(("operator",)))).is_admin
    assert not GlancePolicy(rules).identify(ADMIN).is_admin


def test_an_operators_rule_may_compare_properties_and_attributes(tmp_path: Path) -> None:
    rule = "'yes':%(listed)s and 'bare':%(container_format)s and project_id:%(member_id)s"
    rules = read_glance_rules(_policy(tmp_path, {"get_image": rule}))
    reader = GlancePolicy(rules).identify(READER)
    shared = {"owner": "alt", "visibility": "shared", "container_format": "bare"}
    assert reader.may_get(_image(**shared, listed="yes"))
    assert not reader.may_get(_image(**shared, listed="no"))
    assert not reader.may_get(_image(**shared))
    assert not reader.may_get(_image(**{**shared, "owner": "demo"}, listed="yes"))


def test_as_in_glance_no_rule_matches_is_admin_or_the_callers_own_user_id(tmp_path: Path) -> None:
    """Glance's credentials lack is_admin, and the target of context_is_admin lacks user_id."""
    rules = read_glance_rules(_policy(tmp_path, {"get_image": "is_admin:True"}))
    assert not GlancePolicy(rules).identify(ADMIN).may_get(_image(owner="admin"))
    rules = read_glance_rules(_policy(tmp_path, {"context_is_admin": "user_id:%(user_id)s"}))
    assert not GlancePolicy(rules).identify(READER).is_admin
    rules = read_glance_rules(_policy(tmp_path, {"context_is_admin": "user_id:%(user)s"}))
    assert GlancePolicy(rules).identify(READER).is_admin


def test_a_changed_policy_file_is_read_again(tmp_path: Path) -> None:
    file = _policy(tmp_path, {"get_images": "!"})
    rules = read_glance_rules(file)
    assert not GlancePolicy(rules).identify(READER).may_list()
    _policy(tmp_path, {"get_images": "role:reader"})
    assert GlancePolicy(rules).identify(READER).may_list()


@pytest.mark.parametrize(
    "rule",
    [
        "http://policy.example.org/get_image",
        "rule:remote",
        "service_roles:service",
        "not is_admin_project:True",
        "role:reader and token.project.domain.id:default",
        "(",
    ],
)
def test_a_rule_that_cannot_be_reproduced_is_refused(rule: str, tmp_path: Path) -> None:
    file = _policy(tmp_path, {"get_image": rule, "remote": "https://policy.example.org/"})
    with pytest.raises(InvalidSettings, match=r"\[glance_database\] policy_file.*get_image|remote"):
        read_glance_rules(file)


def test_rules_that_are_not_of_reads_do_not_matter(tmp_path: Path) -> None:
    rules = read_glance_rules(_policy(tmp_path, {"add_image": "http://policy.example.org/"}))
    assert GlancePolicy(rules).identify(READER).may_list()


def _policy(tmp_path: Path, rules: Mapping[str, object]) -> str:
    return str(write_policy(tmp_path / "policy.yaml", rules))
