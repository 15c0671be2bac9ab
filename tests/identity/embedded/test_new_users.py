"""add_user: adds nothing if the user's domain is unknown."""

from pathlib import Path

import pytest

from glimpse.identity.embedded.errors import NotFound
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.new_users import NewUser, add_user


def test_user_of_an_unknown_domain_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    identity_file = IdentityFile(tmp_path)
    before = identity_file.path.read_bytes()
    with pytest.raises(NotFound, match="domain with the id gone"):
        add_user(identity_file, NewUser("ann", ["member"], password="x", domain_id="gone"))
    assert identity_file.path.read_bytes() == before
    assert identity_file.current.invalid_entries == {}
