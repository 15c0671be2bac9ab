"""Parsing of the body of a login."""

from typing import Any

import pytest

from glimpse.identity.embedded.auth_request import Reference, parse_auth_request
from glimpse.identity.embedded.errors import BadRequest
from tests.support.parameter_ids import parameter_id

MALFORMED_SCOPES: list[object] = [
    *(5, {}, {"domain": {}}, {"domain": None}, {"domain": {"id": 5}}),
    *({"system": None}, {"system": {"all": "yes"}}, {"OS-TRUST:trust": {}}),
    {"project": {"id": "p"}, "system": {"all": True}},
    {"domain": {"id": "d"}, "unscoped": {}},
]
WITHOUT_PASSWORD = {"user": {"id": "u", "password": None}}
BY_ID = {"user": {"id": "u", "password": "secret"}}


def parse(methods: list[str], scope: object = None, **parameters: Any) -> Any:
    auth: dict[str, Any] = {"identity": {"methods": methods, **parameters}}
    return parse_auth_request({"auth": auth if scope is None else auth | {"scope": scope}})


def test_user_is_named_by_id_or_by_name_and_domain() -> None:
    assert parse(["password"], password=BY_ID).user == Reference("u", None)
    for domain, reference in (
        ({"id": "default"}, Reference("default", None)),
        ({"name": "DEFAULT"}, Reference(None, "DEFAULT")),
        ({"id": "x", "name": "y"}, Reference(None, "y")),
    ):
        user = {"name": "demo", "domain": domain, "password": "secret"}
        request = parse(["password"], password={"user": user})
        assert request.user == Reference(None, "demo", reference)
        assert request.password == "secret"


def test_name_of_a_user_or_project_comes_before_its_id_as_in_keystone() -> None:
    both = {"id": "u", "name": "demo", "domain": {"id": "default"}}
    request = parse(["password"], {"project": both}, password={"user": both})
    named = Reference(None, "demo", Reference("default", None))
    assert (request.user, request.project) == (named, named)


def test_methods_keep_their_order_and_unknown_ones_stay() -> None:
    request = parse(["totp", "password", "totp"], password=BY_ID, totp={"passcode": 1})
    assert request.methods == ("totp", "password")


def test_scope_is_a_project_domain_system_trust_or_none() -> None:
    def scoped(scope: object) -> Any:
        return parse(["password"], scope, password=BY_ID)

    assert scoped({"project": {"id": "p"}}).project == Reference("p", None)
    assert scoped("unscoped").is_unscoped
    assert scoped({"unscoped": {}}).is_unscoped
    assert scoped({"domain": {"id": "d"}}).domain == Reference("d", None)
    assert scoped({"system": {"all": True}}).is_system
    assert scoped({"system": {}}).is_system
    assert scoped({"OS-TRUST:trust": {"id": "t"}}).is_trust
    assert (scoped(None).project, scoped(None).is_unscoped) == (None, False)


def test_values_that_are_too_long_are_recognized() -> None:
    assert parse(["password"], password=BY_ID).has_valid_lengths
    for user in ({"id": "x" * 65}, {"id": "u", "password": "x" * 4097}):
        assert not parse(["password"], password={"user": user}).has_valid_lengths


def test_secrets_are_not_in_the_representation() -> None:
    assert "secret" not in repr(parse(["password"], password=BY_ID))


@pytest.mark.parametrize(
    "document",
    [
        None,
        {"auth": {"identity": {"methods": ["application_credential"]}}},
        {"auth": {"identity": {"methods": ["totp"]}}},
        {"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "a"}}}}},
        {"auth": {"identity": {"methods": ["password"], "password": WITHOUT_PASSWORD}}},
        {"auth": {"identity": {"methods": [], "token": 5}, "scope": {"project": {"name": "x"}}}},
        *({"auth": {"identity": {"methods": []}, "scope": scope}} for scope in MALFORMED_SCOPES),
    ],
    ids=parameter_id,
)
def test_malformed_document_is_a_bad_request(document: object) -> None:
    with pytest.raises(BadRequest):
        parse_auth_request(document)
