"""A document of ``identity.json`` where everything refers to something, and edits of it."""

import copy
from collections.abc import Callable
from typing import Any

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.identity_document_parser import parse_directory

CREDENTIAL = {"secret_hash": "x", "roles": ["reader"]}
DOCUMENT: dict[str, Any] = {
    "domains": [{"id": "d", "name": "Acme"}],
    "projects": [
        "an invalid entry",
        {"id": "p", "name": "gold"},
        {"id": "q", "name": "silver", "domain_id": "d"},
    ],
    "roles": [{"id": "r", "name": "auditor"}, {"id": "s", "name": "owner", "domain_id": "d"}],
    "implied_roles": [
        "an invalid entry",
        {"prior_role": "auditor", "implied_role": "reader"},
        {"prior_role": "s", "implied_role": "member"},
    ],
    "users": [
        {
            "id": "u",
            "name": "demo",
            "password": "x",
            "default_project_id": "p",
            "roles": {"gold": ["member", "auditor"], "q": ["s"]},
            "domain_roles": {"Acme": ["reader"]},
            "system_roles": ["admin", "a role without an entry"],
        },
        {
            "id": "v",
            "name": "demo",
            "domain_id": "d",
            "password": "x",
            "roles": {"p": ["reader"]},
            "default_project_id": "q",
        },
    ],
    "application_credentials": [
        {"id": "c", "name": "a", "user": "demo", "project": "gold", **CREDENTIAL},
        {"id": "e", "name": "b", "user": "v", "project": "p", **CREDENTIAL},
        {"id": "f", "name": "c", "user": "u", "project": "q", **CREDENTIAL, "roles": ["auditor"]},
    ],
}
Edit = Callable[[dict[str, Any], Directory], None]


def edited(edit: Edit) -> tuple[dict[str, Any], Directory]:
    """Apply `edit` to a copy of DOCUMENT; return the document and its directory.

    Checks that nothing in the file refers to something that is gone.
    """
    document = copy.deepcopy(DOCUMENT)
    invalid = parse_directory(document).invalid_entries
    edit(document, parse_directory(document))
    directory = parse_directory(document)
    assert directory.invalid_entries == invalid
    return document, directory
