"""The keys under which logins are queued and counted, and the users and scopes they name."""

from pathlib import Path

import pytest

from glimpse.identity.embedded.auth_request import AuthRequest, Reference
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import Domain, Project, User
from glimpse.identity.embedded.login import Login
from glimpse.identity.embedded.login_history import Attempt
from glimpse.identity.embedded.login_queue import LoginQueue
from glimpse.identity.embedded.login_scope import (
    UnknownScope,
    comparable_name,
    find_scope,
    find_user,
)
from glimpse.identity.service import Unauthorized
from tests.support.embedded import open_identity

DEFAULT = Reference("default", None)


class RefusingQueue(LoginQueue):
    """Records the attempts, and returns False for each."""

    def __init__(self) -> None:
        super().__init__()
        self.attempts: list[Attempt] = []

    async def check(self, attempt: Attempt, *_: object) -> bool:
        self.attempts.append(attempt)
        return False


async def distinct_names(state_dir: Path, credentials: list[tuple[Reference, Reference]]) -> int:
    """Return as how many names logins with the credentials and owners are counted."""
    identity, queue = open_identity(state_dir), RefusingQueue()
    login = Login(identity, 3600, queue)
    for credential, owner in credentials:
        request = AuthRequest(
            ("application_credential",), credential=credential, user=owner, secret="guess"
        )
        with pytest.raises(Unauthorized):
            await login.log_in(request)
    login.close()
    await identity.close()
    return len({attempt.name_digest for attempt in queue.attempts})


async def test_guesses_of_a_credential_are_counted_by_its_id_whatever_else_they_name(
    tmp_path: Path,
) -> None:
    guesses = [
        (Reference("c", name), Reference(None, owner, DEFAULT))
        for name in (None, "", "robot", "other")
        for owner in ("demo", "alt")
    ]
    assert await distinct_names(tmp_path, guesses) == 1


async def test_guesses_of_a_credential_without_an_id_are_counted_by_name_and_owner(
    tmp_path: Path,
) -> None:
    guesses = [
        (Reference(identifier, name), Reference(None, owner, DEFAULT))
        for identifier in (None, "")
        for name in ("robot", "ROBOT", "other")
        for owner in ("demo", "Demo", "alt")
    ]
    assert await distinct_names(tmp_path, guesses) == 4


@pytest.mark.parametrize("domain", [None, DEFAULT, Reference(None, "Default")])
def test_spellings_of_a_name_have_the_same_key(domain: Reference | None) -> None:
    key = comparable_name(Reference(None, "Demo", domain), Directory())
    assert key == (None, "demo", "default")


def test_the_id_of_a_domain_sent_as_its_name_finds_no_user_and_no_project() -> None:
    user = User("u", "demo", domain_id="d1")
    directory = Directory(
        [user], [Project("p", "demo", domain_id="d1")], domains=[Domain("d1", "Research")]
    )
    by_name, by_id = Reference(None, "D1"), Reference("d1", None)
    assert find_user(Reference(None, "demo", by_id), directory) is user
    assert find_user(Reference(None, "demo", by_name), directory) is None
    request = AuthRequest(("password",), project=Reference(None, "demo", by_name))
    with pytest.raises(UnknownScope):
        find_scope(request, user, None, directory)
