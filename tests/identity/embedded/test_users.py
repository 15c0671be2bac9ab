"""Users change their passwords."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.login import Login
from glimpse.identity.embedded.login_history import Attempt
from glimpse.identity.embedded.login_queue import LoginQueue
from glimpse.identity.embedded.users import Users
from glimpse.identity.service import Unauthorized
from tests.identity.embedded.users import write_identity_file
from tests.support.embedded import open_identity

pytestmark = pytest.mark.usefixtures("quick_hashes")


def set_password(document: dict[str, Any], _: Directory) -> None:
    document["users"][0]["password"] = "the admin's"


async def test_password_that_an_admin_changes_during_the_check_is_kept(tmp_path: Path) -> None:
    write_identity_file(tmp_path, [])
    identity = open_identity(tmp_path)
    identity_file = identity.identity_file

    class Queue(LoginQueue):
        async def check(self, attempt: Attempt, work: Callable[[], bool], units: int = 1) -> bool:
            result = await super().check(attempt, work, units)
            identity_file.change(set_password)
            return result

    login = Login(identity, 3600, Queue())
    user = identity_file.current.user(name="demo")
    assert user is not None
    with pytest.raises(Unauthorized):
        await Users(identity_file, login, time.time).change_password(
            user.id, "secret", "the attacker's", "192.0.2.1"
        )
    changed = identity_file.current.users[user.id]
    assert (changed.password, changed.password_hash) == ("the admin's", None)
    login.close()
    await identity.close()
