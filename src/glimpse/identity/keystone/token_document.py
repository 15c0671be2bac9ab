"""A token's document as Keystone sends it: the caller it describes, if it describes one."""

from datetime import UTC, datetime
from typing import Any

import orjson

from glimpse.identity.access_rules import AccessRule
from glimpse.identity.keystone.cache import Validated
from glimpse.identity.service import IdentityUnavailable
from glimpse.images import Caller


def parse_validation(body: bytes, admin_roles: frozenset[str], validated_at: float) -> Validated:
    """Return the caller that Keystone's response to a validation describes.

    `validated_at` is a POSIX time. Raises IdentityUnavailable for an answer that makes no sense:
    that has other types where Keystone has text, lists or objects.
    """
    try:
        described = _object(orjson.loads(body), "token")
        expires_at = datetime.fromisoformat(_text(described, "expires_at"))
        if expires_at.tzinfo is None:
            expires_at = expires_at.replace(tzinfo=UTC)
        credential = _object(described, "application_credential")
        listed = credential.get("access_rules")
        rules = None if listed is None else tuple(map(AccessRule.parse, _list(listed)))
        caller = _caller(described, admin_roles)
        return Validated(caller, expires_at.timestamp(), validated_at, rules)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise IdentityUnavailable("Keystone's answer makes no sense.") from None


def _caller(described: dict[str, Any], admin_roles: frozenset[str]) -> Caller:
    user, project = _object(described, "user"), _object(described, "project")
    roles = frozenset(_text(role, "name") for role in _list(described.get("roles", [])))
    return Caller(
        user_id=_text(user, "id"),
        user_name=_text_or_none(user, "name"),
        user_domain_id=_text_or_none(_object(user, "domain"), "id"),
        project_id=_text(project, "id") if project else None,
        project_name=_text_or_none(project, "name"),
        project_domain_id=_text_or_none(_object(project, "domain"), "id"),
        roles=roles,
        is_admin=not roles.isdisjoint(admin_roles),
    )


def _object(document: Any, key: str) -> dict[str, Any]:
    """The object below `key`, an empty one if there is none. Raises TypeError."""
    found = document.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise TypeError
    return found


def _list(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise TypeError
    return found


def _text_or_none(document: dict[str, Any], key: str) -> str | None:
    found = document.get(key)
    if not isinstance(found, str | None):
        raise TypeError
    return found


def _text(document: Any, key: str) -> str:
    """The text below `key`, which is never empty. Raises TypeError."""
    found = document[key]
    if not isinstance(found, str) or not found:
        raise TypeError
    return found
