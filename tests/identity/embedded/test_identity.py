"""EmbeddedIdentity: the caller of a token, and when a token becomes invalid."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from glimpse.identity.embedded import login
from glimpse.identity.embedded.auth_request import AuthRequest, Reference
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity.service import Unauthorized
from tests.identity.clock import ManualClock
from tests.identity.embedded.users import issue_token, log_in, write_identity_file
from tests.support.embedded import open_identity

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(time.time())


@pytest.fixture
async def identity(tmp_path: Path, clock: ManualClock) -> AsyncIterator[EmbeddedIdentity]:
    opened = open_identity(tmp_path, clock=clock)
    yield opened
    await opened.close()


async def test_token_identifies_its_caller(identity: EmbeddedIdentity) -> None:
    token = await issue_token(identity)
    caller = await identity.authenticate(token)
    project = identity.identity_file.current.project(name="demo")
    assert project is not None
    assert (caller.user_name, caller.project_id, caller.token) == ("demo", project.id, token)
    assert caller.roles == {"member", "reader"}
    assert not caller.is_admin
    assert token not in repr(caller)
    assert (await identity.authenticate(await issue_token(identity, "admin"))).is_admin


@pytest.mark.parametrize("token", [None, "", "x", ".", "a.b", "é" * 60, "x" * 5000])
async def test_missing_or_malformed_token_is_unauthorized(
    identity: EmbeddedIdentity, token: str | None
) -> None:
    with pytest.raises(Unauthorized):
        await identity.authenticate(token)


async def test_cached_token_expires(identity: EmbeddedIdentity, clock: ManualClock) -> None:
    token = await issue_token(identity)
    await identity.authenticate(token)
    clock.now += 3601
    with pytest.raises(Unauthorized):
        await identity.authenticate(token)


async def test_cached_token_expires_with_a_credential_whose_expiry_was_brought_forward(
    tmp_path: Path, clock: ManualClock
) -> None:
    write_identity_file(tmp_path, [])
    path = tmp_path / "identity.json"
    entry = {"id": "c", "name": "robot", "user": "demo", "project": "demo", "secret": "secret"}
    document = orjson.loads(path.read_bytes()) | {"application_credentials": [entry]}
    path.write_bytes(orjson.dumps(document))
    identity = open_identity(tmp_path, clock=clock)
    request = AuthRequest(
        ("application_credential",), credential=Reference("c", None), secret="secret"
    )
    token = identity.sign((await identity.login.log_in(request)).token)
    document = orjson.loads(path.read_bytes())
    document["application_credentials"][0]["expires_at"] = clock.now + 60
    path.write_bytes(orjson.dumps(document))
    assert (await identity.authenticate(token)).user_name == "demo"
    clock.now += 60
    with pytest.raises(Unauthorized):
        await identity.authenticate(token)
    await identity.close()


async def test_service_may_use_an_expired_token_for_two_days(
    tmp_path: Path, clock: ManualClock
) -> None:
    write_identity_file(tmp_path, [{"name": "robot", "roles": {"demo": ["service"]}}])
    identity = open_identity(tmp_path, clock=clock)
    token = await issue_token(identity)
    clock.now += 4000
    service = identity.sign((await log_in(identity, "robot", project="demo")).token)
    assert (await identity.authenticate(token, service)).user_name == "demo"
    for no_service in (None, "x", await issue_token(identity, "alt")):
        with pytest.raises(Unauthorized):
            await identity.authenticate(token, no_service)
    clock.now += 196_000
    service = identity.sign((await log_in(identity, "robot", project="demo")).token)
    with pytest.raises(Unauthorized):
        await identity.authenticate(token, service)
    await identity.close()


async def test_invalid_service_token_is_unauthorized_beside_a_cached_token(
    identity: EmbeddedIdentity,
) -> None:
    token = await issue_token(identity)
    await identity.authenticate(token)  # cached from now on
    with pytest.raises(Unauthorized):
        await identity.authenticate(token, "x")


async def test_hundred_guesses_do_not_delay_another_user(
    identity: EmbeddedIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test lets the password checks of the guesses run one at a time."""
    checked: list[str] = []
    may_check = threading.Semaphore(0)

    def check(given: str, password: str | None, *_: object) -> bool:
        may_check.acquire(timeout=20)
        checked.append(given)
        return given == password

    monkeypatch.setattr(login, "check_password", check)
    guesses = [asyncio.ensure_future(log_in(identity, password=f"guess {n}")) for n in range(100)]
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


async def test_revocation_also_revokes_tokens_derived_from_the_token(
    identity: EmbeddedIdentity,
) -> None:
    parent = await log_in(identity)
    request = AuthRequest(methods=("token",), token=identity.sign(parent.token))
    child = identity.sign((await identity.login.log_in(request)).token)
    await identity.authenticate(child)
    await identity.revoke(parent)
    with pytest.raises(Unauthorized):
        await identity.authenticate(child)


@pytest.mark.parametrize(
    ("given", "listed"),
    [
        (["admin"], {"admin", "manager", "member", "reader"}),
        (["member"], {"member", "reader"}),
        (["reader"], {"reader"}),
        (["observer", "member"], {"observer", "member", "reader"}),
    ],
)
async def test_token_has_the_roles_that_its_roles_imply(
    tmp_path: Path, given: list[str], listed: set[str]
) -> None:
    write_identity_file(tmp_path, [{"name": "demo", "password": "x", "roles": {"demo": given}}])
    identity = open_identity(tmp_path)
    assert (await log_in(identity)).role_names == listed
    await identity.close()
