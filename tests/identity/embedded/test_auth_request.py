"""Parsing of the body of a login."""

from typing import Any

import pytest

from glimpse.identity.embedded.auth_request import BadRequest, Reference, parse_auth_request
from tests.support.parameter_ids import parameter_id

BY_ID = {"user": {"id": "u", "password": "secret"}}


def parse(methods: list[str], scope: object = None, **parameters: Any) -> Any:
    auth: dict[str, Any] = {"identity": {"methods": methods, **parameters}}
    return parse_auth_request({"auth": auth if scope is None else auth | {"scope": scope}})


def test_user_is_named_by_id_or_by_name_and_domain() -> None:
    assert parse(["password"], password=BY_ID).user == Reference("u", None)
    for domain, is_known in (
        ({"id": "default"}, True),
        ({"name": "DEFAULT"}, True),
        ({"id": "x"}, False),
    ):
        user = {"name": "demo", "domain": domain, "password": "secret"}
        request = parse(["password"], password={"user": user})
        assert request.user == Reference(None, "demo", is_known)
        assert request.password == "secret"


def test_methods_keep_their_order_and_unknown_ones_stay() -> None:
    request = parse(["totp", "password", "totp"], password=BY_ID, totp={"passcode": 1})
    assert request.methods == ("totp", "password")


def test_scope_is_a_project_none_or_unsupported() -> None:
    def scoped(scope: object) -> Any:
        return parse(["password"], scope, password=BY_ID)

    assert scoped({"project": {"id": "p"}}).project == Reference("p", None)
    assert scoped("unscoped").is_unscoped
    assert scoped({"unscoped": {}}).is_unscoped
    assert scoped({"system": {"all": True}}).other_scope == "system"
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
        {"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "a"}}}}},
        {"auth": {"identity": {"methods": [], "token": 5}, "scope": {"project": {"name": "x"}}}},
        {"auth": {"identity": {"methods": []}, "scope": 5}},
    ],
    ids=parameter_id,
)
def test_malformed_document_is_a_bad_request(document: object) -> None:
    with pytest.raises(BadRequest):
        parse_auth_request(document)
