"""ServiceSession: log messages and errors for calls to Keystone that fail."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from glimpse.identity import IdentityUnavailable
from tests.identity.scripted_keystone import Keystone, identity_at, serve_keystone, session_at


@pytest.fixture
async def keystone() -> AsyncIterator[Keystone]:
    async with serve_keystone() as keystone:
        yield keystone


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Return Glimpse's messages; credentials in those of keystoneauth are hidden later."""
    records = (each for each in caplog.records if each.name.startswith("glimpse."))
    return "\n".join(each.getMessage() for each in records)


def with_credentials(url: str) -> str:
    """Return `url` with a user and a password."""
    return url.replace("//", "//user:hidden@")


async def test_invalid_login_response_is_logged_with_url_and_advice_without_credentials(
    keystone: Keystone, caplog: pytest.LogCaptureFixture
) -> None:
    keystone.login_body = b"<html>hidden"
    session = session_at(with_credentials(keystone.url))
    with pytest.raises(IdentityUnavailable, match=r"^Keystone sent an invalid response\.$"):
        await session.token_and_endpoint()
    await session.close()
    assert f"The call to Keystone at {keystone.url}/v3 failed" in logged(caplog)
    assert "Check that auth_url is the URL of Keystone" in logged(caplog)
    assert "hidden" not in logged(caplog)


async def test_unreachable_keystone_is_logged_with_url_and_advice_without_credentials(
    caplog: pytest.LogCaptureFixture,
) -> None:
    session = session_at(with_credentials("http://127.0.0.1:1"))
    with pytest.raises(IdentityUnavailable, match=r"^Keystone cannot be reached\.$"):
        await session.token_and_endpoint()
    await session.close()
    assert "The call to Keystone at http://127.0.0.1:1/v3 failed" in logged(caplog)
    assert "Check auth_url and the network" in logged(caplog)
    assert "hidden" not in logged(caplog)


async def test_invalid_response_to_a_validation_is_logged_with_url_and_advice(
    keystone: Keystone, caplog: pytest.LogCaptureFixture
) -> None:
    keystone.rules = [{"path": 5}]
    identity = identity_at(with_credentials(keystone.url))
    with pytest.raises(IdentityUnavailable, match=r"^Keystone sent an invalid response\.$"):
        await identity.authenticate("good")
    await identity.close()
    assert f"in the catalog of {keystone.url}/v3 is the URL of Keystone" in logged(caplog)
    assert "hidden" not in logged(caplog)


async def test_close_cancels_logins_and_look_ups_of_endpoints(keystone: Keystone) -> None:
    keystone.logins_may_end.clear()
    session = session_at(keystone.url)
    calls = (
        session.token_and_endpoint(),
        session.fetch_endpoint("identity", ["internal"], None),
        session.fetch_endpoint("image", ["public"], None),
    )
    running = [asyncio.ensure_future(call) for call in calls]
    await keystone.login_started.wait()
    await session.close()
    async with asyncio.timeout(1):  # the deadline of the calls is later
        results = await asyncio.gather(*running, return_exceptions=True)
    assert [type(each) for each in results] == [asyncio.CancelledError] * 3
    keystone.logins_may_end.set()
