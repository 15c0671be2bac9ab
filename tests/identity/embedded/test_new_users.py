"""add_user: adds nothing if the user's domain is unknown, or if a limit would be exceeded."""

from pathlib import Path

import pytest

from glimpse.identity.embedded import limits
from glimpse.identity.embedded.errors import Forbidden, NotFound
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.new_users import NewUser, add_user


def test_user_of_an_unknown_domain_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    identity_file = IdentityFile(tmp_path)
    before = identity_file.path.read_bytes()
    with pytest.raises(NotFound, match="domain with the id gone"):
        add_user(identity_file, NewUser("ann", ["member"], password="x", domain_id="gone"))
    assert identity_file.path.read_bytes() == before
    assert identity_file.current.invalid_entries == {}


def count_assignments(identity_file: IdentityFile) -> int:
    return sum(len(user.assignments) for user in identity_file.current.users.values())


@pytest.mark.parametrize("limit", ["MAX_ASSIGNMENTS", "users", "projects", "MAX_BYTES"])
def test_user_beyond_a_limit_is_refused_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    identity_file = IdentityFile(tmp_path)
    before, current = identity_file.path.read_bytes(), identity_file.current
    if limit == "MAX_ASSIGNMENTS":
        monkeypatch.setattr(limits, limit, count_assignments(identity_file) + 1)
    elif limit == "MAX_BYTES":
        monkeypatch.setattr(limits, limit, len(before) // 2)
    else:
        monkeypatch.setitem(limits.MAX_ENTRIES, limit, len(getattr(current, limit)))
    with pytest.raises(Forbidden):
        add_user(identity_file, NewUser("ann", ["member", "reader"], password="x"))
    assert identity_file.path.read_bytes() == before


def test_user_may_get_the_last_assignments_and_a_repeated_role_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity_file = IdentityFile(tmp_path)
    count = count_assignments(identity_file)
    monkeypatch.setattr(limits, "MAX_ASSIGNMENTS", count + 2)
    added = add_user(identity_file, NewUser("ann", ["member", "reader", "member"], password="x"))
    assert len(added.user.assignments) == 2
    assert count_assignments(identity_file) == count + 2
