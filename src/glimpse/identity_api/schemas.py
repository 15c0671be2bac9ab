"""The attributes in request bodies for projects, users, domains, roles and the catalog.

The lengths and patterns are those of Keystone 30. A body may have attributes that no schema names:
they are stored and shown again, as in Keystone.
"""

import re
from collections.abc import Mapping

from glimpse.identity import field_lengths
from glimpse.identity.embedded.errors import BadRequest
from glimpse.identity_api.attributes import (
    BOOLEAN,
    ID,
    STRING,
    Attribute,
    ObjectSchema,
    check_values,
    name_up_to,
    nullable,
    text,
)

MAX_TAGS = 80  # of a project or domain
_MAX_RULES = 100  # of the option multi_factor_auth_rules
INTERFACES = ("admin", "internal", "public")

_TAG_TEXT = re.compile(r"\A[^,/]*\Z")
_SCHEME = re.compile(r"\A[a-zA-Z0-9+.-]+:.")
_TAG = text(255, "a string of 1 to 255 characters other than comma and slash", _TAG_TEXT)
_SHORT_DESCRIPTION = nullable(text(255, "a string of at most 255 characters", min_length=0))
_REGION_ID = nullable(text(field_lengths.REGION_ID, "a string of 1 to 255 characters"))
_ANY_ID = nullable(text(field_lengths.ID, "a string of at most 64 characters", min_length=0))
PASSWORD = Attribute(
    lambda value: isinstance(value, str) and len(value.encode()) <= field_lengths.PASSWORD,
    f"a string of at most {field_lengths.PASSWORD} bytes",
)
_URL = text(225, "a URL of at most 225 characters", _SCHEME)


def _are_tags(value: object) -> bool:
    """Return True if `value` is a list of at most 80 valid tags, all of them different.

    A valid tag is a string of 1 to 255 characters other than comma and slash.
    """
    return (
        isinstance(value, list)
        and len(value) <= MAX_TAGS
        and all(map(_TAG.is_valid, value))
        and len(set(value)) == len(value)
    )


TAGS = Attribute(
    _are_tags,
    f"a list of at most {MAX_TAGS} different strings of 1 to 255 characters, no comma or slash",
)


def _options(known: Mapping[str, Attribute]) -> Attribute:
    """Return the Attribute for ``options``: objects that have no other keys than `known`.

    The value of a key has to be valid for its Attribute in `known`, or null, which removes the
    option.
    """

    def is_valid(value: object) -> bool:
        return isinstance(value, dict) and all(
            name in known and (each is None or known[name].is_valid(each))
            for name, each in value.items()
        )

    return Attribute(is_valid, f"an object with valid values of {', '.join(known)}")


def _are_authentication_rules(value: object) -> bool:
    """Return True if `value` is valid for the option multi_factor_auth_rules.

    A valid value is a list of at most 100 rules, all of them different. Each rule is a list of
    different strings, at least one.
    """
    if not isinstance(value, list) or len(value) > _MAX_RULES:
        return False
    return all(
        isinstance(rule, list)
        and rule != []
        and all(isinstance(method, str) for method in rule)
        and len(set(rule)) == len(rule)
        and value.count(rule) == 1
        for rule in value
    )


_IMMUTABLE = _options({"immutable": BOOLEAN})
_USER_OPTIONS = _options(
    {
        "ignore_change_password_upon_first_use": BOOLEAN,
        "ignore_password_expiry": BOOLEAN,
        "ignore_lockout_failure_attempts": BOOLEAN,
        "lock_password": BOOLEAN,
        "ignore_user_inactivity": BOOLEAN,
        "multi_factor_auth_enabled": BOOLEAN,
        "multi_factor_auth_rules": Attribute(_are_authentication_rules, "a list of lists"),
    }
)
_PROJECT: dict[str, Attribute] = {
    "name": name_up_to(64),
    "description": nullable(STRING),
    "domain_id": nullable(ID),
    "parent_id": nullable(ID),
    "enabled": BOOLEAN,
    "is_domain": BOOLEAN,
    "tags": TAGS,
    "options": _IMMUTABLE,
}
PROJECT = ObjectSchema("project", _PROJECT, ("name",), may_be_empty=True)
DOMAIN = ObjectSchema(
    "domain",
    {
        "name": name_up_to(64),
        "description": _SHORT_DESCRIPTION,
        "enabled": BOOLEAN,
        "tags": TAGS,
        "options": _IMMUTABLE,
        "explicit_domain_id": ID,
    },
    ("name",),
)
USER = ObjectSchema(
    "user",
    {
        "name": name_up_to(field_lengths.NAME),
        "description": nullable(STRING),
        "domain_id": ID,
        "default_project_id": _ANY_ID,
        "enabled": BOOLEAN,
        "federated": Attribute(
            lambda value: value == [], "an empty list, since there are no identity providers"
        ),
        "password": nullable(PASSWORD),
        "options": _USER_OPTIONS,
    },
    ("name",),
)
ROLE = ObjectSchema(
    "role",
    {
        "name": name_up_to(field_lengths.NAME),
        "description": nullable(STRING),
        "domain_id": nullable(ID),
        "options": _IMMUTABLE,
    },
    ("name",),
)
REGION = ObjectSchema(
    "region",
    {
        "id": nullable(
            text(field_lengths.REGION_ID, "a string of at most 255 characters", min_length=0)
        ),
        "description": _SHORT_DESCRIPTION,
        "parent_region_id": _REGION_ID,
    },
    ignores_other_keys=True,
)
SERVICE = ObjectSchema(
    "service",
    {
        "type": text(255, "a string of 1 to 255 characters"),
        "name": text(255, "a string of 1 to 255 characters"),
        "enabled": BOOLEAN,
    },
    ("type",),
    ignores_other_keys=True,
)
ENDPOINT = ObjectSchema(
    "endpoint",
    {
        "interface": Attribute(lambda value: value in INTERFACES, "admin, internal or public"),
        "service_id": STRING,
        "url": _URL,
        "region_id": _REGION_ID,
        "region": _REGION_ID,
        "enabled": BOOLEAN,
        "name": STRING,
        "description": nullable(STRING),
    },
    ("interface", "service_id", "url"),
)


def parse_password_change(document: object) -> tuple[str, str]:
    """Return the original and the new password in the body of a request to change a password.

    Other keys of the body than ``user`` are ignored. Raises BadRequest in these cases:

    - The body has no object ``user``.
    - ``user`` does not have exactly the keys ``original_password`` and ``password``.
    - A password is not a string, or has a NUL character.
    - The new password has more than 4,096 bytes, or ``user`` more than 65,535 bytes as JSON.
    """
    values = document.get("user") if isinstance(document, dict) else None
    if not isinstance(values, dict) or set(values) != {"original_password", "password"}:
        raise BadRequest("user has to have original_password and password, and nothing else.")
    check_values(values, {"original_password": STRING, "password": PASSWORD})
    return values["original_password"], values["password"]
