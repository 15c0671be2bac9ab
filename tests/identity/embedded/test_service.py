"""EmbeddedIdentity: one state directory, several processes, and tokens that end."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from glimpse.identity.embedded import login
from glimpse.identity.embedded.auth_request import AuthRequest, Reference
from glimpse.identity.embedded.password_hashes import hash_password
from glimpse.identity.embedded.service import EmbeddedIdentity
from glimpse.identity.embedded.session import Session
from glimpse.identity.service import Unauthorized
from tests.identity.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(time.time())


@pytest.fixture
async def identity(tmp_path: Path, clock: ManualClock) -> AsyncIterator[EmbeddedIdentity]:
    opened = EmbeddedIdentity.open(tmp_path, clock=clock)
    yield opened
    await opened.close()


async def log_in(identity: EmbeddedIdentity, name: str = "demo") -> Session:
    user = identity.directory_file.current.user(name=name)
    assert user is not None
    request = AuthRequest(
        methods=("password",),
        user=Reference(user.id, None),
        password=user.password or "",
        project=Reference(None, name),
    )
    return await identity.login(request)


async def token_of(identity: EmbeddedIdentity, name: str = "demo") -> str:
    return identity.sign((await log_in(identity, name)).token)


async def test_a_token_becomes_its_caller(identity: EmbeddedIdentity) -> None:
    token = await token_of(identity)
    caller = await identity.authenticate(token)
    project = identity.directory_file.current.project(name="demo")
    assert project is not None
    assert (caller.user_name, caller.project_id, caller.token) == ("demo", project.id, token)
    assert caller.roles == {"member", "reader"}
    assert not caller.is_admin
    assert token not in repr(caller)
    assert (await identity.authenticate(await token_of(identity, "admin"))).is_admin


@pytest.mark.parametrize("token", [None, "", "x", ".", "a.b", "é" * 60, "x" * 5000])
async def test_no_token_or_nonsense_is_unauthorized(
    identity: EmbeddedIdentity, token: str | None
) -> None:
    with pytest.raises(Unauthorized):
        await identity.authenticate(token)


async def test_a_restart_keeps_tokens_and_passwords(tmp_path: Path) -> None:
    first = EmbeddedIdentity.open(tmp_path)
    token, before = await token_of(first), (tmp_path / "identity.json").read_bytes()
    await first.close()
    second = EmbeddedIdentity.open(tmp_path)
    assert (await second.authenticate(token)).user_name == "demo"
    assert (tmp_path / "identity.json").read_bytes() == before
    await second.close()


async def test_files_are_for_the_owner_only(tmp_path: Path) -> None:
    state = tmp_path / "new" / "state"
    identity = EmbeddedIdentity.open(state)
    await identity.revoke(await log_in(identity))
    assert state.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in state.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    assert {"identity.json", "token.key", "revocations.sqlite"} <= set(modes)
    await identity.close()


_REVOKE = """
import asyncio, sys
from pathlib import Path
from glimpse.identity.embedded.service import EmbeddedIdentity
identity = EmbeddedIdentity.open(Path(sys.argv[1]))
asyncio.run(identity.revoke(identity.validate(sys.argv[2])))
"""


async def test_a_revocation_by_another_process_counts_at_once(
    identity: EmbeddedIdentity, tmp_path: Path
) -> None:
    kept, revoked = await token_of(identity), await token_of(identity)
    await identity.authenticate(revoked)
    command = [sys.executable, "-c", _REVOKE, str(tmp_path), revoked]
    await asyncio.to_thread(subprocess.run, command, check=True)
    with pytest.raises(Unauthorized):
        await identity.authenticate(revoked)
    assert (await identity.authenticate(kept)).user_name == "demo"


_PRINT = """
import sys
from pathlib import Path
from glimpse.identity.embedded.service import EmbeddedIdentity
EmbeddedIdentity.open(Path(sys.argv[1]))
for name in ("identity.json", "token.key"):
    sys.stdout.buffer.write((Path(sys.argv[1]) / name).read_bytes())
"""


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _PRINT, str(tmp_path / "state")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
    answers = {process.communicate(timeout=60)[0] for process in started}
    assert [process.returncode for process in started] == [0] * 4
    assert len(answers) == 1


async def test_a_known_token_expires_all_the_same(
    identity: EmbeddedIdentity, clock: ManualClock
) -> None:
    token = await token_of(identity)
    await identity.authenticate(token)
    clock.now += 3601
    with pytest.raises(Unauthorized):
        await identity.authenticate(token)


async def test_a_service_may_use_an_expired_token_for_two_days(
    tmp_path: Path, clock: ManualClock
) -> None:
    seed(tmp_path, [{"name": "robot", "roles": {"demo": ["service"]}}])
    identity = EmbeddedIdentity.open(tmp_path, clock=clock)
    token = await token_of(identity)
    clock.now += 4000
    service = identity.sign((await log_in_to(identity, "robot", "demo")).token)
    assert (await identity.authenticate(token, service)).user_name == "demo"
    for no_service in (None, "x", await token_of(identity, "alt")):
        with pytest.raises(Unauthorized):
            await identity.authenticate(token, no_service)
    clock.now += 196_000
    service = identity.sign((await log_in_to(identity, "robot", "demo")).token)
    with pytest.raises(Unauthorized):
        await identity.authenticate(token, service)
    await identity.close()


async def test_a_service_token_that_is_none_spoils_a_good_token(identity: EmbeddedIdentity) -> None:
    token = await token_of(identity)
    await identity.authenticate(token)  # known from now on
    with pytest.raises(Unauthorized):
        await identity.authenticate(token, "x")


async def log_in_to(identity: EmbeddedIdentity, name: str, project: str) -> Session:
    user = identity.directory_file.current.user(name=name)
    assert user is not None
    return await identity.login(
        AuthRequest(
            methods=("password",),
            user=Reference(None, name),
            password=user.password or "",
            project=Reference(None, project),
        )
    )


def seed(state_dir: Path, users: list[dict[str, object]]) -> None:
    document = {
        "projects": [{"id": "p" * 32, "name": "demo"}, {"name": "alt"}],
        "users": [
            {"name": "demo", "password": "secret", "roles": {"demo": ["member"]}},
            {"name": "alt", "roles": {"alt": ["member"]}},
            *users,
        ],
    }
    (state_dir / "identity.json").write_bytes(orjson.dumps(document))


async def test_a_seeded_file_is_completed_and_kept(tmp_path: Path) -> None:
    seed(tmp_path, [])
    identity = EmbeddedIdentity.open(tmp_path)
    caller = await identity.authenticate(await token_of(identity))
    assert caller.project_id == "p" * 32
    user = identity.directory_file.current.user(name="demo")
    assert user is not None
    assert user.password == "secret"
    assert len((await log_in(identity, "alt")).user.id) == 32
    assert (tmp_path / "identity.json").stat().st_mode & 0o777 == 0o600
    await identity.close()


async def test_an_edit_of_the_file_counts_at_once(identity: EmbeddedIdentity) -> None:
    token = await token_of(identity)
    await identity.authenticate(token)

    def disable(document: dict[str, object]) -> None:
        users = document["users"]
        assert isinstance(users, list)
        for user in users:
            user["enabled"] = user["name"] != "demo"

    identity.directory_file.change(disable)
    with pytest.raises(Unauthorized):
        await identity.authenticate(token)
    with pytest.raises(Unauthorized):
        await log_in(identity)
    assert (await log_in(identity, "alt")).user.name == "alt"


@pytest.mark.parametrize("change", [{"password": "another"}, {"password_hash": None}])
async def test_another_password_ends_the_tokens_of_that_user_only(
    identity: EmbeddedIdentity, change: dict[str, str | None]
) -> None:
    token, others = await token_of(identity), await token_of(identity, "alt")
    await identity.authenticate(token)
    before = await log_in(identity)
    if "password_hash" in change:
        change = {"password": None, "password_hash": hash_password("another")}

    def edit(document: dict[str, Any]) -> None:
        next(user for user in document["users"] if user["name"] == "demo").update(change)

    identity.directory_file.change(edit)
    for ended in (token, identity.sign(before.token)):
        with pytest.raises(Unauthorized):
            await identity.authenticate(ended)
    assert (await identity.authenticate(others)).user_name == "alt"
    with pytest.raises(Unauthorized):
        await log_in_with(identity, before.user.password or "")
    after = await log_in_with(identity, "another")
    assert (await identity.authenticate(identity.sign(after.token))).user_name == "demo"


async def log_in_with(identity: EmbeddedIdentity, password: str) -> Session:
    who, where = Reference(None, "demo"), Reference(None, "demo")
    return await identity.login(
        AuthRequest(methods=("password",), user=who, password=password, project=where)
    )


async def test_a_hundred_guesses_at_once_keep_no_other_user_waiting(
    identity: EmbeddedIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guesses are checked only when the test lets them, one at a time."""
    checked: list[str] = []
    may_check = threading.Semaphore(0)

    def check(given: str, password: str | None, *_: object) -> bool:
        may_check.acquire(timeout=20)
        checked.append(given)
        return given == password

    monkeypatch.setattr(login, "check_password", check)
    guesses = [asyncio.ensure_future(log_in_with(identity, f"guess {n}")) for n in range(100)]
    right = asyncio.ensure_future(log_in(identity, "alt"))
    while not right.done():
        may_check.release()
        await asyncio.sleep(0.001)
    assert right.result().user.name == "alt"
    assert len(checked) <= 5, "they were checked first"
    for _ in guesses:
        may_check.release()
    for guess in guesses:
        guess.cancel()
    await asyncio.gather(*guesses, return_exceptions=True)


async def test_revoking_a_token_ends_those_made_from_it(identity: EmbeddedIdentity) -> None:
    parent = await log_in(identity)
    request = AuthRequest(methods=("token",), token=identity.sign(parent.token))
    child = identity.sign((await identity.login(request)).token)
    await identity.authenticate(child)
    await identity.revoke(parent)
    with pytest.raises(Unauthorized):
        await identity.authenticate(child)


@pytest.mark.parametrize(
    ("given", "listed"),
    [
        (["admin"], {"admin", "member", "reader"}),
        (["member"], {"member", "reader"}),
        (["reader"], {"reader"}),
        (["observer", "member"], {"observer", "member", "reader"}),
    ],
)
async def test_a_token_lists_the_roles_that_its_roles_imply(
    tmp_path: Path, given: list[str], listed: set[str]
) -> None:
    seed(tmp_path, [{"name": "demo", "password": "x", "roles": {"demo": given}}])
    identity = EmbeddedIdentity.open(tmp_path)
    assert set((await log_in(identity)).roles) == listed
    await identity.close()
