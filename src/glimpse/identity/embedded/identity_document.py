"""Makes, completes, encodes and decodes the JSON document in ``identity.json``.

Operators and tests may write the file before the first start, or edit the file while the service
runs. The sections of the document are lists of objects, which have these attributes:

- ``domains``: the attributes of Domain. The domain Default exists without an entry.
- ``projects``: the attributes of Project.
- ``roles``: the attributes of Role. The standard roles exist without entries, and entries do not
  change them.
- ``implied_roles``: prior_role and implied_role, which are ids or names of roles.
- ``users``: the attributes of User. A key of ``roles`` is the id of a project, or the project's
  name in the user's domain. A key of ``domain_roles`` is the id or name of a domain. Roles are ids
  or names. A name that no role has makes a role without an entry. An unknown id (32 hexadecimal
  digits) makes none.
- ``access_rules``: id, user (id, or name in the domain Default), service, method, path.
- ``application_credentials``: id, name, user and project (id, or name in the domain Default), roles
  (ids or names), secret_hash, description, expires_at (a POSIX time), unrestricted, access_rules
  (ids). Without roles, a credential has all roles of its user in the project.
- ``regions``, ``services``, ``endpoints``: the attributes of Region, Service and Endpoint.

Attributes with a default may be missing. `identity_document_parser` reads the document.
"""

import secrets
import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from glimpse.identity.embedded.identity_document_sections import read_section
from glimpse.identity.embedded.password_hashes import hash_password
from glimpse.identity.embedded.private_files import InvalidStateFile

REQUIRED_SECTIONS = ("projects", "users", "application_credentials")
# Glimpse 0.1 wrote files without these sections.
OPTIONAL_SECTIONS = (
    *("domains", "roles", "implied_roles", "access_rules", "regions", "services", "endpoints"),
)


def standard_document() -> dict[str, Any]:
    """Return the document with which a new state directory starts.

    The document has the users admin, demo and alt. Each user has a project of the same name. There
    the user admin has the role admin; the other users have the role member. The user admin also has
    the role admin on the system, as after Keystone's bootstrap. The document has no ids and
    passwords yet: `complete_document` adds both.
    """
    names = ("admin", "demo", "alt")
    users: list[dict[str, Any]] = [{"name": name, "roles": {name: ["member"]}} for name in names]
    users[0] |= {"roles": {"admin": ["admin"]}, "system_roles": ["admin"]}
    return {
        "projects": [{"name": name} for name in names],
        "users": users,
        "application_credentials": [],
    }


def complete_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of `document` with missing ids and passwords added, and secrets hashed.

    - An entry with a name, but without an id, gets a random id.
    - A user who has neither ``password`` nor ``password_hash`` gets a random ``password``, which is
      not hashed.
    - If a user has both, ``password_hash`` is removed: it may be the hash of an older password.
    - The ``secret`` of an application credential is replaced by ``secret_hash``. Hashing takes 0.23
      s of CPU time for each secret: call this function in a thread, or at the start.
    - A missing section becomes an empty list.

    A value of null counts as missing, as does an empty ``password_hash``. Entries without a name
    are not changed: access rules, for example, get no id. Invalid entries raise no error here;
    `parse_directory` records the invalid entries. `document` is not changed. Raises
    InvalidStateFile if a section is not a list.
    """
    result = {**document}
    for section in (*REQUIRED_SECTIONS, *OPTIONAL_SECTIONS):
        entries = read_section(document, section)
        result[section] = [_with_id(entry) if _is_named(entry) else entry for entry in entries]
    for user in filter(_is_named, result["users"]):
        if user.get("password") is not None:
            user.pop("password_hash", None)
        elif not user.get("password_hash"):
            user["password"] = secrets.token_urlsafe(18)
    for credential in filter(_is_named, result["application_credentials"]):
        if credential.get("secret") is not None:
            credential["secret_hash"] = hash_password(str(credential.pop("secret")))
    return result


def encode_document(document: Mapping[str, Any]) -> bytes:
    """Return `document` as JSON in UTF-8, with a newline at the end.

    The JSON is indented, since people edit the file. Raises TypeError if `document` cannot be JSON.
    """
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def decode_document(content: bytes) -> dict[str, Any]:
    """Parse the content of the file ``identity.json``.

    Raises InvalidStateFile if the content is not a JSON object.
    """
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InvalidStateFile(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InvalidStateFile("not a JSON object")
    return document


def _with_id(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of `entry`, with a new random id if the id is missing or null."""
    return {**entry, "id": uuid.uuid4().hex} if entry.get("id") is None else {**entry}


def _is_named(entry: object) -> bool:
    """Return True if `entry` is an object with a string ``name``."""
    return isinstance(entry, dict) and isinstance(entry.get("name"), str)
