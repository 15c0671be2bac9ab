"""KeystoneServiceTokens with a scripted Keystone: its token, the interval of its logins."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from glimpse.identity.keystone import KeystoneServiceTokens
from tests.identity.clock import ManualClock
from tests.identity.scripted_keystone import OPTIONS, Keystone, serve_keystone, session_at


@pytest.fixture
async def keystone() -> AsyncIterator[Keystone]:
    async with serve_keystone() as keystone:
        yield keystone


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def tokens(keystone: Keystone, clock: ManualClock) -> AsyncIterator[KeystoneServiceTokens]:
    tokens = KeystoneServiceTokens(session_at(keystone.url), clock)
    yield tokens
    await tokens.close()


async def test_token_of_one_login_is_reused(
    keystone: Keystone, tokens: KeystoneServiceTokens
) -> None:
    assert [await tokens.token() for _ in range(3)] == ["own-1"] * 3
    assert keystone.logins == 1


async def test_refused_token_is_renewed_once_in_an_interval(
    keystone: Keystone, tokens: KeystoneServiceTokens, clock: ManualClock
) -> None:
    """The caller's token may be the cause: a second refusal in an interval causes no login."""
    assert await tokens.token() == "own-1"
    clock.now += 60
    refused = await asyncio.gather(*(tokens.renew("own-1") for _ in range(5)))
    assert refused == ["own-2"] * 5
    assert await tokens.renew("own-1") == "own-2", "a call that was made with the old token"
    assert await tokens.renew("own-2") is None
    assert await tokens.token() == "own-2"
    clock.now += 60
    assert await tokens.renew("own-2") == "own-3"
    assert keystone.logins == 3


async def test_failed_renewal_keeps_the_token(
    keystone: Keystone, tokens: KeystoneServiceTokens, clock: ManualClock
) -> None:
    assert await tokens.token() == "own-1"
    clock.now += 60
    keystone.login_body = b"<html>"
    assert await tokens.renew("own-1") is None
    assert await tokens.token() == "own-1"


async def test_failed_login_is_not_repeated_within_the_interval(
    keystone: Keystone, tokens: KeystoneServiceTokens, clock: ManualClock
) -> None:
    keystone.login_body = b"<html>"
    assert await tokens.token() is None
    logins_before = keystone.logins
    assert await tokens.token() is None
    assert keystone.logins == logins_before
    keystone.login_body = None
    clock.now += 60
    assert await tokens.token() == "own-1"


async def test_catalog_without_keystone_gives_no_token_and_a_message_for_the_operator(
    keystone: Keystone, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = KeystoneServiceTokens(
        session_at(keystone.url, replace(OPTIONS, interface="nowhere")), clock
    )
    assert await tokens.token() is None
    await tokens.close()
    assert "check [keystone_authtoken] interface and region_name" in caplog.text


async def test_requests_do_not_wait_for_a_slow_login_which_continues(
    keystone: Keystone, tokens: KeystoneServiceTokens
) -> None:
    """The token of the slow login is used when it arrives."""
    keystone.logins_may_end.clear()
    async with asyncio.timeout(20):
        assert await asyncio.gather(*(tokens.token() for _ in range(5))) == [None] * 5
        assert await tokens.token() is None
        keystone.logins_may_end.set()
        while await tokens.token() != "own-1":  # noqa: ASYNC110  there is no event to wait for
            await asyncio.sleep(0.02)
    assert keystone.logins == 1
