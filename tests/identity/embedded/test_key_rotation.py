"""Tokens during a rotation of keys, and with a state directory of version 0.1."""

import os
import time
from pathlib import Path

import orjson
import pytest

from glimpse.identity.embedded.auth_request import AuthRequest, Reference
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity.embedded.private_files import write_private_file
from glimpse.identity.service import Unauthorized
from tests.identity.clock import ManualClock
from tests.identity.embedded.test_tokens import KEY, STORED_TOKEN
from tests.support.embedded import open_identity

DOCUMENT = {
    "projects": [{"id": "p" * 32, "name": "demo"}],
    "users": [
        {"id": "1" * 32, "name": "demo", "password": "secret", "roles": {"demo": ["member"]}}
    ],
}


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """A state directory of version 0.1, with one key."""
    (tmp_path / "identity.json").write_bytes(orjson.dumps(DOCUMENT))
    (tmp_path / "token.key").write_bytes(KEY)
    return tmp_path


async def issue_token(identity: EmbeddedIdentity) -> str:
    demo = Reference(None, "demo")
    request = AuthRequest(("password",), demo, "secret", project=demo)
    return identity.sign((await identity.login.log_in(request)).token)


async def test_token_of_version_0_1_is_valid_after_an_upgrade_and_a_rotation(
    state_dir: Path,
) -> None:
    identity = open_identity(state_dir)
    assert (await identity.authenticate(STORED_TOKEN)).user_id == "1" * 32
    write_private_file(state_dir / "token.key", os.urandom(32) + KEY)
    assert (await identity.authenticate(STORED_TOKEN)).user_id == "1" * 32
    await identity.close()


async def test_new_key_signs_and_older_ones_verify_until_they_are_removed(state_dir: Path) -> None:
    clock = ManualClock(time.time())
    workers = [open_identity(state_dir, clock=clock) for _ in range(2)]
    old_token = await issue_token(workers[0])
    new_key = os.urandom(32)
    write_private_file(state_dir / "token.key", new_key + KEY)
    new_token = await issue_token(workers[0])
    for worker in workers:
        assert (await worker.authenticate(old_token)).user_name == "demo"
        assert (await worker.authenticate(new_token)).user_name == "demo"
    write_private_file(state_dir / "token.key", new_key)
    clock.now += 1
    for worker in workers:
        with pytest.raises(Unauthorized):
            await worker.authenticate(old_token)
        assert (await worker.authenticate(new_token)).user_name == "demo"
        await worker.close()


async def test_session_of_a_key_that_was_just_removed_cannot_be_signed(state_dir: Path) -> None:
    identity = open_identity(state_dir)
    session = identity.validate(await issue_token(identity))
    write_private_file(state_dir / "token.key", os.urandom(32))
    identity.signing_key_id()  # makes the identity read the file again
    with pytest.raises(Unauthorized):
        identity.sign(session.token)
    await identity.close()
