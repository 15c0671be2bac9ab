"""Bodies of requests are checked against the schemas of projects, users and others."""

from typing import Any

import pytest

from glimpse.identity.embedded.errors import BadRequest
from glimpse.identity_api import schemas
from glimpse.identity_api.attributes import (
    MAX_OBJECT_BYTES,
    ObjectSchema,
    parse_changes,
    parse_new_object,
)

SCHEMAS = {
    each.singular: each
    for each in (
        *(schemas.PROJECT, schemas.DOMAIN, schemas.USER),
        *(schemas.REGION, schemas.SERVICE, schemas.ENDPOINT),
    )
}
ENDPOINT = {"interface": "public", "service_id": "s", "url": "http://host/%(project_id)s"}
VALID: list[tuple[str, dict[str, Any]]] = [
    ("project", {"name": "p", "description": None, "enabled": False, "parent_id": None}),
    ("project", {"name": "x" * 64, "tags": ["a b", "ü"], "options": {"immutable": None}}),
    ("project", {"name": "p", "unheard-of": {"a": [1, None]}}),
    ("domain", {"name": "d", "description": "x" * 255}),
    ("user", {"name": "x" * 255, "password": None, "default_project_id": None, "email": 5}),
    ("user", {"name": "u", "password": "ü" * 2048, "federated": []}),
    ("user", {"name": "u", "options": {"multi_factor_auth_rules": [["password", "totp"]]}}),
    ("region", {}),
    ("region", {"id": "", "description": None, "parent_region_id": None}),
    ("service", {"type": "volume", "description": 5}),
    ("endpoint", ENDPOINT),
    ("endpoint", ENDPOINT | {"region_id": None, "enabled": False}),
]
INVALID: list[tuple[str, dict[str, Any], str]] = [
    ("project", {}, "name"),
    ("project", {"name": " "}, "name"),
    ("project", {"name": "x" * 65}, "name"),
    ("project", {"name": "a\0b"}, "NUL"),
    ("project", {"name": "p", "more": {"a": ["\0"]}}, "NUL"),
    ("project", {"name": "p", "\0": 1}, "NUL"),
    ("project", {"name": "p", "more": float("inf")}, "finite"),
    ("project", {"name": "p", "more": "x" * MAX_OBJECT_BYTES}, "bytes"),
    ("project", {"name": "p", "enabled": "true"}, "enabled"),
    ("project", {"name": "p", "enabled": None}, "enabled"),
    ("project", {"name": "p", "description": 5}, "description"),
    ("project", {"name": "p", "domain_id": "a_b"}, "domain_id"),
    ("project", {"name": "p", "parent_id": ""}, "parent_id"),
    ("project", {"name": "p", "tags": ["a", "a"]}, "tags"),
    ("project", {"name": "p", "tags": ["a,b"]}, "tags"),
    ("project", {"name": "p", "tags": ["a/b"]}, "tags"),
    ("project", {"name": "p", "tags": [""]}, "tags"),
    ("project", {"name": "p", "tags": [[]]}, "tags"),
    ("project", {"name": "p", "tags": [str(n) for n in range(81)]}, "tags"),
    ("project", {"name": "p", "tags": "x"}, "tags"),
    ("project", {"name": "p", "options": {"lock_password": True}}, "options"),
    ("project", {"name": "p", "options": []}, "options"),
    ("project", {"name": "p", "links": {}}, "links"),
    ("domain", {"name": "d", "description": "x" * 256}, "description"),
    ("user", {"name": "x" * 256}, "name"),
    ("user", {"name": "u", "password": "x" * 4097}, "password"),
    ("user", {"name": "u", "password": 5}, "password"),
    ("user", {"name": "u", "domain_id": None}, "domain_id"),
    ("user", {"name": "u", "federated": [{"idp_id": "x"}]}, "federated"),
    ("user", {"name": "u", "options": {"lock_password": "yes"}}, "options"),
    ("user", {"name": "u", "options": {"multi_factor_auth_rules": [[]]}}, "options"),
    ("user", {"name": "u", "options": {"multi_factor_auth_rules": [["a"], ["a"]]}}, "options"),
    ("region", {"id": "x" * 256}, "id"),
    ("region", {"parent_region_id": ""}, "parent_region_id"),
    ("service", {"name": "x"}, "type"),
    ("service", {"type": ""}, "type"),
    ("service", {"type": "t", "name": None}, "name"),
    ("endpoint", ENDPOINT | {"interface": "other"}, "interface"),
    ("endpoint", ENDPOINT | {"interface": []}, "interface"),
    ("endpoint", ENDPOINT | {"url": "host"}, "url"),
    ("endpoint", ENDPOINT | {"url": "http://" + "x" * 219}, "url"),
    ("endpoint", ENDPOINT | {"service_id": None}, "service_id"),
]


def schema(kind: str) -> ObjectSchema:
    return SCHEMAS[kind]


@pytest.mark.parametrize(("kind", "values"), VALID, ids=ascii)
def test_valid_object_is_parsed(kind: str, values: dict[str, Any]) -> None:
    assert parse_new_object({kind: values}, schema(kind)) == values


@pytest.mark.parametrize(("kind", "values", "reason"), INVALID, ids=lambda value: ascii(value)[:60])
def test_invalid_object_is_a_bad_request(kind: str, values: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        parse_new_object({kind: values}, schema(kind))


def test_deep_values_are_refused() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(BadRequest, match="levels"):
        parse_new_object({"project": {"name": "p", "more": deep}}, schemas.PROJECT)


@pytest.mark.parametrize("innermost", [1, "text", [], {}])
def test_values_of_32_levels_are_accepted_and_no_deeper_ones(innermost: object) -> None:
    deep = innermost
    for _ in range(30 if isinstance(innermost, list | dict) else 31):
        deep = [deep]
    values = {"name": "p", "more": deep}
    assert parse_new_object({"project": values}, schemas.PROJECT) == values
    with pytest.raises(BadRequest, match="levels"):
        parse_new_object({"project": {"name": "p", "more": [deep]}}, schemas.PROJECT)


@pytest.mark.parametrize("document", [None, [], "x", {}, {"project": []}, {"user": {"name": "p"}}])
def test_body_without_the_object_is_a_bad_request(document: object) -> None:
    with pytest.raises(BadRequest, match="project"):
        parse_new_object(document, schemas.PROJECT)


def test_further_keys_of_the_body_are_refused_where_keystone_refuses_them() -> None:
    with pytest.raises(BadRequest, match="no key but project"):
        parse_new_object({"project": {"name": "p"}, "more": 1}, schemas.PROJECT)
    assert parse_new_object({"service": {"type": "t"}, "more": 1}, schemas.SERVICE) == {"type": "t"}


def test_update_needs_an_attribute_except_for_projects() -> None:
    assert parse_changes({"user": {"foo": 1}}, schemas.USER) == {"foo": 1}
    with pytest.raises(BadRequest, match="user has to have an attribute"):
        parse_changes({"user": {}}, schemas.USER)
    assert parse_changes({"project": {}}, schemas.PROJECT) == {}
    assert parse_changes({}, schemas.PROJECT) == {}


def test_message_does_not_repeat_the_password() -> None:
    with pytest.raises(BadRequest) as caught:
        parse_new_object({"user": {"name": "u", "password": "secret" * 1000}}, schemas.USER)
    assert "secret" not in str(caught.value)


def test_password_change_is_parsed() -> None:
    body = {"user": {"original_password": "old", "password": "new"}}
    assert schemas.parse_password_change(body) == ("old", "new")


@pytest.mark.parametrize(
    "values",
    [
        *({"password": "x"}, {"original_password": "x"}, {}, [], None),
        {"original_password": "x", "password": None},
        {"original_password": "x", "password": "x" * 4097},
        {"original_password": 1, "password": "x"},
        {"original_password": "x", "password": "\0"},
        {"original_password": "x", "password": "y", "more": 1},
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_invalid_password_change_is_a_bad_request(values: object) -> None:
    with pytest.raises(BadRequest):
        schemas.parse_password_change({"user": values})
