"""A session has the present state of the directory, whatever its token says."""

from dataclasses import replace

import pytest

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import ApplicationCredential, Project, User
from glimpse.identity.embedded.session import Session, caller_from_session, resolve_session
from glimpse.identity.embedded.standard_roles import role_id_of
from glimpse.identity.embedded.tokens import Token
from glimpse.identity.service import Unauthorized

TOKEN = Token("u", "p", ("password",), 0.0, 1.0, ("audit",), "mark")
USER = User("u", "demo", roles={"p": (role_id_of("member"),)})
PROJECT = Project("p", "gold")
CREDENTIAL = ApplicationCredential(
    "c", "robot", "u", "p", (role_id_of("reader"), role_id_of("admin")), "hash"
)


def test_session_has_the_current_roles_of_its_user() -> None:
    session = resolve_session(TOKEN, Directory([USER], [PROJECT]))
    assert [role.name for role in session.roles] == ["member", "reader"]
    caller = caller_from_session(session, "text")
    assert (caller.user_name, caller.project_name, caller.token) == ("demo", "gold", "text")
    assert not caller.is_admin


def test_credential_grants_no_role_that_its_user_has_lost() -> None:
    token = TOKEN._replace(application_credential_id="c")
    session = resolve_session(token, Directory([USER], [PROJECT], [CREDENTIAL]))
    assert session.role_names == {"reader"}


def test_unscoped_token_has_no_roles() -> None:
    session = resolve_session(TOKEN._replace(project_id=None), Directory([USER], [PROJECT]))
    assert (session.project, session.roles) == (None, ())
    assert caller_from_session(session, "text").project_id is None


@pytest.mark.parametrize(
    ("token", "directory"),
    [
        (TOKEN, Directory([], [PROJECT])),
        (TOKEN, Directory([replace(USER, enabled=False)], [PROJECT])),
        (TOKEN, Directory([USER], [])),
        (TOKEN, Directory([USER], [replace(PROJECT, enabled=False)])),
        (TOKEN, Directory([replace(USER, roles={})], [PROJECT])),
        (TOKEN._replace(application_credential_id="c"), Directory([USER], [PROJECT])),
        (
            TOKEN._replace(application_credential_id="c"),
            Directory([USER], [PROJECT], [replace(CREDENTIAL, roles=(role_id_of("admin"),))]),
        ),
    ],
    ids=[
        *("no user", "disabled user", "no project", "disabled project", "no role"),
        *("no credential", "credential without a role"),
    ],
)
def test_token_of_something_missing_or_disabled_is_unauthorized(
    token: Token, directory: Directory
) -> None:
    with pytest.raises(Unauthorized):
        resolve_session(token, directory)


def test_token_is_valid_only_if_it_was_issued_after_its_user_was_disabled() -> None:
    def resolve(disabled_at: float) -> Session:
        user = replace(USER, disabled_at=disabled_at)
        return resolve_session(TOKEN, Directory([user], [PROJECT]))

    assert resolve(TOKEN.issued_at - 1).user.id == USER.id
    for disabled_at in (TOKEN.issued_at, TOKEN.issued_at + 1):
        with pytest.raises(Unauthorized):
            resolve(disabled_at)
