"""The state directory: private, kept after a restart, shared by processes, and editable."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity.embedded.password_hashes import MINIMAL, hash_password
from glimpse.identity.service import Unauthorized
from tests.identity.embedded.users import issue_token, log_in, write_identity_file
from tests.support.embedded import open_identity


@pytest.fixture
async def identity(tmp_path: Path) -> AsyncIterator[EmbeddedIdentity]:
    opened = open_identity(tmp_path)
    yield opened
    await opened.close()


async def test_restart_keeps_tokens_and_passwords(tmp_path: Path) -> None:
    first = open_identity(tmp_path)
    token, before = await issue_token(first), (tmp_path / "identity.json").read_bytes()
    await first.close()
    second = open_identity(tmp_path)
    assert (await second.authenticate(token)).user_name == "demo"
    assert (tmp_path / "identity.json").read_bytes() == before
    await second.close()


async def test_files_are_private(tmp_path: Path) -> None:
    state = tmp_path / "new" / "state"
    identity = open_identity(state)
    await identity.revoke(await log_in(identity))
    assert state.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in state.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    assert {"identity.json", "token.key", "revocations.sqlite"} <= set(modes)
    await identity.close()


_REVOKE = """
import asyncio, sys
from pathlib import Path
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.identity import EmbeddedIdentity
identity = EmbeddedIdentity.open(Path(sys.argv[1]), token_expiration=3600, region_name="R")
asyncio.run(identity.revoke(identity.validate(sys.argv[2])))
"""


async def test_revocation_by_another_process_applies_at_once(
    identity: EmbeddedIdentity, tmp_path: Path
) -> None:
    kept, revoked = await issue_token(identity), await issue_token(identity)
    await identity.authenticate(revoked)
    command = [sys.executable, "-c", _REVOKE, str(tmp_path), revoked]
    await asyncio.to_thread(subprocess.run, command, check=True)
    with pytest.raises(Unauthorized):
        await identity.authenticate(revoked)
    assert (await identity.authenticate(kept)).user_name == "demo"


_PRINT = """
import sys
from pathlib import Path
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.identity import EmbeddedIdentity
EmbeddedIdentity.open(Path(sys.argv[1]), token_expiration=3600, region_name="R")
for name in ("identity.json", "token.key"):
    sys.stdout.buffer.write((Path(sys.argv[1]) / name).read_bytes())
"""


def test_processes_that_start_at_once_share_users_and_keys(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _PRINT, str(tmp_path / "state")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
    responses = {process.communicate(timeout=60)[0] for process in started}
    assert [process.returncode for process in started] == [0] * 4
    assert len(responses) == 1


async def test_handwritten_identity_file_is_completed_and_kept(tmp_path: Path) -> None:
    write_identity_file(tmp_path, [])
    identity = open_identity(tmp_path)
    caller = await identity.authenticate(await issue_token(identity))
    assert caller.project_id == "p" * 32
    user = identity.identity_file.current.user(name="demo")
    assert user is not None
    assert user.password == "secret"
    assert len((await log_in(identity, "alt")).user.id) == 32
    assert (tmp_path / "identity.json").stat().st_mode & 0o777 == 0o600
    await identity.close()


async def test_edit_of_the_identity_file_applies_at_once(identity: EmbeddedIdentity) -> None:
    token = await issue_token(identity)
    await identity.authenticate(token)

    def disable(document: dict[str, object], _: Directory) -> None:
        users = document["users"]
        assert isinstance(users, list)
        for user in users:
            user["enabled"] = user["name"] != "demo"

    identity.identity_file.change(disable)
    with pytest.raises(Unauthorized):
        await identity.authenticate(token)
    with pytest.raises(Unauthorized):
        await log_in(identity)
    assert (await log_in(identity, "alt")).user.name == "alt"


@pytest.mark.parametrize("change", [{"password": "another"}, {"password_hash": None}])
async def test_new_password_revokes_the_tokens_of_that_user_only(
    identity: EmbeddedIdentity, change: dict[str, str | None]
) -> None:
    token, others = await issue_token(identity), await issue_token(identity, "alt")
    await identity.authenticate(token)
    before = await log_in(identity)
    if "password_hash" in change:
        change = {"password": None, "password_hash": hash_password("another", MINIMAL)}

    def edit(document: dict[str, Any], _: Directory) -> None:
        next(user for user in document["users"] if user["name"] == "demo").update(change)

    identity.identity_file.change(edit)
    for ended in (token, identity.sign(before.token)):
        with pytest.raises(Unauthorized):
            await identity.authenticate(ended)
    assert (await identity.authenticate(others)).user_name == "alt"
    with pytest.raises(Unauthorized):
        await log_in(identity, password=before.user.password or "")
    after = await log_in(identity, password="another")
    assert (await identity.authenticate(identity.sign(after.token))).user_name == "demo"
