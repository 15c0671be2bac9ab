"""The table of rules of the embedded Identity API is Keystone's default policy.

Every action is tried with tokens of each scope and role, and with many targets.
"""

import itertools
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from glimpse.identity.embedded.directory_entries import Domain, Project, Role, User
from glimpse.identity.embedded.session import Session
from glimpse.identity.embedded.standard_roles import ROLE_NAMES, role_id_of
from glimpse.identity.embedded.tokens import Token
from glimpse.identity_api.policy import RULES, PolicyTarget, is_allowed
from tests.peers import keystone_policy
from tests.peers.install import PROGRAMS

pytestmark = pytest.mark.peers
USER = User("u", "demo", domain_id="d")
TOKEN = Token("u", None, ("password",), 0.0, 1.0, ("audit",), "mark")
SCOPES: dict[str, tuple[Token, Project | None, Domain | None]] = {
    "unscoped": (TOKEN, None, None),
    "project": (TOKEN._replace(project_id="p"), Project("p", "gold", domain_id="d"), None),
    "domain": (TOKEN._replace(domain_id="d"), None, Domain("d", "Acme")),
    "system": (TOKEN._replace(is_system=True), None, None),
}
ROLES = (
    Role("r", "member"),
    Role("a", "admin"),
    Role("s", "local", domain_id="d"),
    Role("t", "reader", domain_id="other"),
)
_BOTH = ("d", "other")
TARGETS = [
    *itertools.starmap(
        PolicyTarget, itertools.product(_BOTH, ("u", "other"), ("p", "other"), _BOTH, (None,))
    ),
    *itertools.starmap(PolicyTarget, itertools.product(_BOTH, ("u",), ("p",), _BOTH, ROLES)),
    PolicyTarget(user_id="other"),
]


def sessions() -> Iterator[Session]:
    for (token, project, domain), name in itertools.product(SCOPES.values(), (*ROLE_NAMES, "x")):
        is_scoped = token is not TOKEN
        roles = (Role(role_id_of(name), name),) if is_scoped else ()
        yield Session(token, USER, project, roles, None, domain)


def credentials_of(session: Session) -> dict[str, Any]:
    """Return what Keystone's rules compare of a token."""
    project, domain = session.project, session.domain
    token: dict[str, Any] = {}
    if domain is not None:
        token["domain"] = {"id": domain.id}
    if project is not None:
        token["project"] = {"domain": {"id": project.domain_id}}
    return {
        "user_id": session.user.id,
        "project_id": project.id if project else None,
        "domain_id": domain.id if domain else None,
        "system_scope": "all" if session.token.is_system else None,
        "system": "all" if session.token.is_system else None,
        "roles": sorted(session.role_names),
        "token": token,
    }


def attributes_of(target: PolicyTarget, action: str) -> dict[str, Any]:
    """Return the target as Keystone's rules name its attributes."""
    user_domain = (
        target.user_domain_id if action.endswith(("grant", "grants")) else target.domain_id
    )
    attributes: dict[str, Any] = {
        "user_id": target.user_id,
        "target.token.user_id": target.user_id,
        "target.user.id": target.user_id,
        "target.user.domain_id": user_domain,
        "target.domain_id": target.domain_id,
        "target.domain.id": target.domain_id,
        "target.project.id": target.project_id,
        "target.project.domain_id": target.domain_id,
    }
    if action == "list_groups":  # a grant is either to a user or to a group
        attributes["target.group.domain_id"] = target.domain_id
    present = {name: value for name, value in attributes.items() if value is not None}
    if target.role is not None:  # the rules compare its domain with None
        present["target.role.name"] = target.role.name
        present["target.role.domain_id"] = target.role.domain_id
    return present


def test_every_rule_is_that_of_keystone() -> None:
    cases = list(itertools.product(RULES, sessions(), TARGETS))
    sent = [
        (action, credentials_of(session), attributes_of(target, action))
        for action, session, target in cases
    ]
    program = [str(PROGRAMS / "python"), str(Path(keystone_policy.__file__))]
    done = subprocess.run(
        program, input=json.dumps(sent), capture_output=True, text=True, check=True
    )
    different = [
        (action, credentials_of(session), target, "allowed" if real else "refused")
        for (action, session, target), real in zip(cases, json.loads(done.stdout), strict=True)
        if is_allowed(session, action, target) != real
    ]
    assert different == []
