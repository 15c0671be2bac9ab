"""Hashes of version 0.1 are accepted, and replaced at the next successful login."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from glimpse.identity.embedded.auth_request import AuthRequest, Reference
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity.embedded.password_hashes import RECOMMENDED
from glimpse.identity.embedded.session import Session
from glimpse.identity.service import Unauthorized
from tests.support.embedded import open_identity

OUTDATED = (  # of the password "secret", with the parameters MINIMAL
    "scrypt$16384$8$1$zSLvF46vxUSpWDnObyImQA==$YG22/J4DkWjhP8R6/z758ITeFb9+jQBraHkMQkNY6tY="
)
CREDENTIAL = {"id": "c", "name": "robot", "user": "demo", "project": "demo"}
DOCUMENT = {
    "projects": [{"id": "p", "name": "demo"}],
    "users": [
        {"id": "u", "name": "demo", "password_hash": OUTDATED, "roles": {"demo": ["member"]}}
    ],
    "application_credentials": [CREDENTIAL | {"secret_hash": OUTDATED}],
}


@pytest.fixture
async def identity(tmp_path: Path) -> AsyncIterator[EmbeddedIdentity]:
    (tmp_path / "identity.json").write_bytes(orjson.dumps(DOCUMENT))
    opened = open_identity(tmp_path)
    yield opened
    await opened.close()


async def log_in_by_credential(identity: EmbeddedIdentity, secret: str) -> Session:
    request = AuthRequest(
        ("application_credential",), credential=Reference("c", None), secret=secret
    )
    return await identity.login.log_in(request)


def secret_hash(identity: EmbeddedIdentity) -> str:
    return identity.identity_file.current.application_credentials["c"].secret_hash


async def test_successful_login_replaces_the_hash_and_keeps_tokens(
    identity: EmbeddedIdentity,
) -> None:
    with pytest.raises(Unauthorized):
        await log_in_by_credential(identity, "wrong")
    assert secret_hash(identity) == OUTDATED
    sessions = await asyncio.gather(*(log_in_by_credential(identity, "secret") for _ in range(3)))
    replaced = secret_hash(identity)
    assert replaced.startswith("scrypt$" + "$".join(map(str, RECOMMENDED)))
    sessions.append(await log_in_by_credential(identity, "secret"))
    assert secret_hash(identity) == replaced
    for session in sessions:
        assert (await identity.authenticate(identity.sign(session.token))).user_id == "u"


async def test_login_succeeds_where_the_hash_cannot_be_replaced(
    identity: EmbeddedIdentity, tmp_path: Path
) -> None:
    (tmp_path / "identity.json").unlink()
    assert (await log_in_by_credential(identity, "secret")).user.id == "u"
    assert secret_hash(identity) == OUTDATED


async def test_hash_of_a_user_is_accepted_and_kept(identity: EmbeddedIdentity) -> None:
    request = AuthRequest(
        ("password",), Reference("u", None), "secret", project=Reference("p", None)
    )
    session = await identity.login.log_in(request)
    assert session.user.password_hash == OUTDATED
    assert identity.identity_file.current.users["u"].password_hash == OUTDATED
