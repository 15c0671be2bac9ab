"""Parses requests that create application credentials."""

import secrets
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from glimpse.identity import field_lengths
from glimpse.identity.access_rules import AccessRule
from glimpse.identity.embedded.directory_entries import ApplicationCredential, UserAccessRule
from glimpse.identity.embedded.errors import BadRequest
from glimpse.identity.embedded.identity_entry_validation import is_printable_time
from glimpse.identity.embedded.session import Session
from glimpse.images import parse_datetime

# All attributes that Keystone accepts. Keystone ignores id, project_id and system.
_ATTRIBUTES = frozenset(
    (
        *("name", "description", "secret", "expires_at", "roles", "unrestricted", "access_rules"),
        *("id", "project_id", "system"),
    )
)
_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_SERVICE_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")


def parse_credential(
    document: object, session: Session, existing: Iterable[UserAccessRule], now: float
) -> tuple[ApplicationCredential, str]:
    """Parse ``{"application_credential": {...}}``; return the credential and its secret.

    The credential has a new id, and is for the user and the project of `session`. Without ``roles``
    in the body, it has all roles of `session`. The attributes ``id``, ``project_id`` and ``system``
    are ignored, as in Keystone. If the secret is missing, null or empty, a random secret is
    returned. ``secret_hash`` of the result is empty: the caller sets ``secret_hash``.

    `existing` has the stored access rules of the user. The result may also have new access rules,
    which the caller stores. `now` is a POSIX time.

    Raises BadRequest if the body is invalid or has another attribute, or if the token of `session`
    has no project. The caller checks that the user has no credential of that name yet.
    """
    values = document.get("application_credential") if isinstance(document, dict) else None
    if not isinstance(values, dict) or document != {"application_credential": values}:
        raise BadRequest("The body has to be an object with the object application_credential.")
    if not _ATTRIBUTES.issuperset(values):
        raise BadRequest(f"application_credential may have only: {', '.join(sorted(_ATTRIBUTES))}.")
    if session.project is None:
        raise BadRequest("An application credential is made with a project-scoped token.")
    unrestricted = values.get("unrestricted")
    if not isinstance(unrestricted, bool | None):
        raise BadRequest("unrestricted has to be true or false.")
    secret = _text(values, "secret", field_lengths.PASSWORD)
    credential = ApplicationCredential(
        id=uuid.uuid4().hex,
        name=_parse_name(values.get("name")),
        user_id=session.user.id,
        project_id=session.project.id,
        roles=_parse_roles(values.get("roles"), session),
        secret_hash="",
        description=_text(values, "description", field_lengths.DESCRIPTION),
        expires_at=_parse_expiry(values.get("expires_at"), now),
        unrestricted=unrestricted is True,
        access_rules=_parse_access_rules(values.get("access_rules", []), session, existing),
    )
    return credential, secret or secrets.token_urlsafe(64)


def _parse_name(name: object) -> str:
    """Return `name` unchanged if it is a valid name of an application credential.

    A valid name is a string of 1 to 255 characters. At least one character is not whitespace, and
    no character is NUL. Raises BadRequest for any other `name`, also for None.
    """
    if (
        not isinstance(name, str)
        or not name.strip()
        or len(name) > field_lengths.NAME
        or "\0" in name
    ):
        raise BadRequest(
            f"name has to be a string of 1 to {field_lengths.NAME} characters, "
            "not all of them spaces, none of them NUL."
        )
    return name


def _text(values: Mapping[str, Any], key: str, max_bytes: int) -> str | None:
    """Return the string under `key`, which may be empty; None if it is null or missing.

    Raises BadRequest if the value is not a string, has more than `max_bytes` bytes in UTF-8, or has
    a NUL character.
    """
    text = values.get(key)
    if text is None:
        return None
    if not isinstance(text, str) or len(text.encode()) > max_bytes or "\0" in text:
        raise BadRequest(
            f"{key} has to be a string of at most {max_bytes} bytes, none of them NUL."
        )
    return text


def _parse_roles(entries: object, session: Session) -> tuple[str, ...]:
    """Return the ids of the roles in `entries`, in their order and without duplicates.

    `entries` is a list of objects. The ``id`` of each object, or else its ``name``, is the id or
    the name of a role; case matters. If `entries` is None or an empty list, returns the ids of all
    roles of `session`.

    Raises BadRequest if `entries` is not such a list, if `entries` has more than
    field_lengths.ROLES objects, or if a role in `entries` is not a role of `session`.
    """
    if entries is None or entries == []:
        return tuple(role.id for role in session.roles)
    ids = {role.id: role.id for role in session.roles}
    ids |= {role.name: role.id for role in session.roles}
    if not isinstance(entries, list) or len(entries) > field_lengths.ROLES:
        raise BadRequest(f"roles has to be a list of at most {field_lengths.ROLES} roles.")
    try:
        roles = [ids[entry.get("id") or entry["name"]] for entry in entries]
    except (KeyError, TypeError, AttributeError):
        raise BadRequest("roles has to list roles that the token has, by id or name.") from None
    return tuple(dict.fromkeys(roles))


def _parse_expiry(text: object, now: float) -> float | None:
    """Return the POSIX time of `text`, an ISO 8601 date; None if `text` is None.

    The date may have a time and an offset. Without a time, it is the first moment of that day,
    month or year. Without an offset, it is in UTC. Raises BadRequest if `text` is anything else,
    for example empty. Raises BadRequest, too, if the time is before `now`, or after the year 9999
    in UTC.
    """
    if text is None:
        return None
    if not isinstance(text, str) or len(text) > field_lengths.DATE:
        moment = None
    else:
        moment = parse_datetime(text)
    if moment is None or not is_printable_time(moment.timestamp()):
        raise BadRequest(
            "expires_at has to be an ISO 8601 date and time, not after the year 9999 in UTC."
        )
    if moment.timestamp() < now:
        raise BadRequest("expires_at must not be before now.")
    return moment.timestamp()


def _parse_access_rules(
    entries: object, session: Session, existing: Iterable[UserAccessRule]
) -> tuple[UserAccessRule, ...]:
    """Return the access rules in `entries`, in their order and without duplicates.

    If an entry has the id of a rule in `existing`, the result has that rule. The other values of
    the entry are ignored. An entry without an id, or with an unknown id, needs a service, a method
    and a path. If a rule in `existing` has these three values, the result has that rule. Otherwise
    the result has a new rule, with a new id and the user of `session`.

    Raises BadRequest if `entries` is not a list, has more than field_lengths.ACCESS_RULES entries,
    or has an invalid entry.
    """
    if not isinstance(entries, list) or len(entries) > field_lengths.ACCESS_RULES:
        raise BadRequest(
            f"access_rules has to be a list of at most {field_lengths.ACCESS_RULES} rules."
        )
    by_id = {each.id: each for each in existing}
    by_rule = {each.rule: each for each in by_id.values()}
    found: dict[str, UserAccessRule] = {}
    for entry in entries:
        known = by_id.get(entry["id"]) if _has_text(entry, "id") else None
        if known is None:
            rule = _parse_rule(entry)
            new = UserAccessRule(uuid.uuid4().hex, session.user.id, rule)
            known = by_rule.setdefault(rule, new)
        found[known.id] = known
    return tuple(found.values())


def _parse_rule(entry: object) -> AccessRule:
    """Return the rule that `entry` describes with a service, a method and a path.

    Other values of `entry` are ignored. A valid service has only ASCII letters, digits and hyphens.
    A valid method is in _METHODS. A valid path begins with a slash and has no NUL. Raises
    BadRequest if `entry` is not an object, or if one of the three values is missing, invalid or too
    long.
    """
    try:
        rule = AccessRule.parse(entry)
    except (TypeError, KeyError, ValueError):
        raise BadRequest(
            "An access rule has to have the id of a known one, or a service, a method and a path."
        ) from None
    service, method, path = rule
    if not 1 <= len(service) <= field_lengths.ID or not _SERVICE_CHARACTERS.issuperset(service):
        raise BadRequest("The service of an access rule has to be a type, such as compute.")
    if method not in _METHODS:
        raise BadRequest(f"The method of an access rule has to be one of {', '.join(_METHODS)}.")
    if not path.startswith("/") or len(path) > field_lengths.ACCESS_RULE_PATH or "\0" in path:
        raise BadRequest(
            "The path of an access rule has to begin with a slash, and to have at most "
            f"{field_lengths.ACCESS_RULE_PATH} characters."
        )
    return rule


def _has_text(entry: object, key: str) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get(key), str)
