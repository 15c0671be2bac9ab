"""parse_validation: parses the token document in Keystone's response to a validation."""

from typing import Any

import orjson

from glimpse.identity.access_rules import AccessRule
from glimpse.identity.keystone.token_cache import ValidatedToken
from glimpse.identity.service import IdentityUnavailable
from glimpse.images import Caller, parse_datetime

_ADMIN_ROLE = "admin"


def parse_validation(body: bytes, validated_at: float) -> ValidatedToken:
    """Parse the body of Keystone's response to the validation of a token.

    `validated_at` is the POSIX time of the response. A caller with the role ``admin`` is an admin.
    Does not check whether the token has expired.

    Raises IdentityUnavailable if `body` is not JSON, if a value has the wrong type, if the expiry
    is no date and time, or if a required value is missing or empty. These values are required: the
    token's expiry, the user's id, the name of each role, and the id of the project if there is one.
    Each access rule must have a service, a method and a path, which may be empty texts.
    """
    try:
        token = _object(orjson.loads(body), "token")
        expires_at = parse_datetime(_text(token, "expires_at"))
        if expires_at is None:
            raise ValueError  # noqa: TRY301  handled like other values that are not Keystone's
        credential = _object(token, "application_credential")
        entries = credential.get("access_rules")
        rules = None if entries is None else tuple(map(AccessRule.parse, _list(entries)))
        caller = _caller(token)
        return ValidatedToken(caller, expires_at.timestamp(), validated_at, rules)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise IdentityUnavailable("Keystone sent an invalid response.") from None


def _caller(token: dict[str, Any]) -> Caller:
    """Return the Caller that `token` describes, with an empty ``Caller.token``.

    `token` is the object ``token`` in Keystone's response. The names and domains of user and
    project may be missing, and are then None. The project and the roles may be missing, too. Raises
    KeyError if the user or the project has no id, or if a role has no name. Raises TypeError if the
    id or name is empty, and for a value of the wrong type.
    """
    user, project = _object(token, "user"), _object(token, "project")
    roles = frozenset(_text(role, "name") for role in _list(token.get("roles", [])))
    return Caller(
        user_id=_text(user, "id"),
        user_name=_text_or_none(user, "name"),
        user_domain_id=_text_or_none(_object(user, "domain"), "id"),
        project_id=_text(project, "id") if project else None,
        project_name=_text_or_none(project, "name"),
        project_domain_id=_text_or_none(_object(project, "domain"), "id"),
        roles=roles,
        is_admin=_ADMIN_ROLE in roles,
    )


def _object(document: Any, key: str) -> dict[str, Any]:
    """Return the object under `key`; an empty object if the value is null or missing.

    Raises TypeError for any other value, AttributeError if `document` is not an object.
    """
    value = document.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError
    return value


def _list(value: Any) -> list[Any]:
    """Return `value`. Raises TypeError if `value` is not a list."""
    if not isinstance(value, list):
        raise TypeError
    return value


def _text_or_none(document: dict[str, Any], key: str) -> str | None:
    """Return the string under `key`; None if the value is null or missing.

    Raises TypeError for any other value.
    """
    value = document.get(key)
    if not isinstance(value, str | None):
        raise TypeError
    return value


def _text(document: Any, key: str) -> str:
    """Return the string under `key`.

    Raises KeyError if `key` is missing. Raises TypeError if `document` is not an object, or if the
    value is empty or not a string.
    """
    value = document[key]
    if not isinstance(value, str) or not value:
        raise TypeError
    return value
