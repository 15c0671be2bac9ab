"""Keystone's token document is parsed to a caller, or is an error."""

from typing import Any

import orjson
import pytest

from glimpse.identity import IdentityUnavailable
from glimpse.identity.access_rules import AccessRule
from glimpse.identity.keystone.token_document import parse_validation
from tests.support.parameter_ids import parameter_id

TOKEN: dict[str, Any] = {
    "expires_at": "2030-01-01T00:00:00.000000Z",
    "user": {"id": "u", "name": "demo", "domain": {"id": "default", "name": "Default"}},
    "project": {"id": "p", "name": "project", "domain": {"id": "other"}},
    "roles": [{"id": "1", "name": "member"}, {"id": "2", "name": "reader"}],
}


def parse(token: Any) -> Any:
    return parse_validation(orjson.dumps({"token": token}), validated_at=5.0)


def test_caller_has_user_project_domains_and_roles() -> None:
    validated = parse(TOKEN)
    caller = validated.caller
    assert (caller.user_id, caller.user_name, caller.user_domain_id) == ("u", "demo", "default")
    assert (caller.project_id, caller.project_name) == ("p", "project")
    assert caller.project_domain_id == "other"
    assert caller.roles == {"member", "reader"}
    assert not caller.is_admin
    assert (validated.expires_at, validated.validated_at) == (1893456000.0, 5.0)
    assert validated.access_rules is None


def test_caller_with_an_admin_role_is_admin() -> None:
    assert parse(TOKEN | {"roles": [{"name": "admin"}]}).caller.is_admin


def test_unscoped_token_has_no_project_and_no_roles() -> None:
    caller = parse({key: TOKEN[key] for key in ("expires_at", "user")}).caller
    assert caller.project_id is None
    assert caller.roles == frozenset()


def test_expiry_without_an_offset_is_utc() -> None:
    assert parse(TOKEN | {"expires_at": "2030-01-01T00:00:00"}).expires_at == 1893456000.0


def test_access_rules_are_those_of_the_application_credential() -> None:
    rules = [{"id": "r", "service": "compute", "method": "GET", "path": "/v2.1/images"}]
    for listed, expected in ((rules, (AccessRule("compute", "GET", "/v2.1/images"),)), ([], ())):
        credential = {"id": "c", "access_rules": listed}
        assert parse(TOKEN | {"application_credential": credential}).access_rules == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": None},
        {"expires_at": "soon"},
        {"expires_at": 5},
        {"user": None},
        {"user": []},
        {"user": {"id": ""}},
        {"user": {"id": "u", "name": 5}},
        {"project": {"name": "no id"}},
        {"roles": {}},
        {"roles": [{"id": "1"}]},
        {"roles": ["member"]},
        {"application_credential": {"access_rules": {}}},
        {"application_credential": {"access_rules": [{"service": "compute"}]}},
    ],
    ids=parameter_id,
)
def test_malformed_document_makes_keystone_unavailable(changes: dict[str, Any]) -> None:
    with pytest.raises(IdentityUnavailable):
        parse(TOKEN | changes)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b"<html>", b'{"token": 5}'])
def test_body_without_a_token_makes_keystone_unavailable(body: bytes) -> None:
    with pytest.raises(IdentityUnavailable):
        parse_validation(body, validated_at=5.0)
