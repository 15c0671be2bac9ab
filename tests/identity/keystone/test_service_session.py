"""ServiceSession: log messages and errors for calls to Keystone that fail."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from glimpse.identity import IdentityUnavailable
from glimpse.identity.keystone import CallFailed, LoginRefused
from tests.identity.scripted_keystone import (
    OPTIONS,
    Keystone,
    identity_at,
    serve_keystone,
    session_at,
)


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


async def test_catalog_without_keystone_is_logged_once_with_the_options_to_check(
    keystone: Keystone, caplog: pytest.LogCaptureFixture
) -> None:
    session = session_at(keystone.url, replace(OPTIONS, region_name="Nowhere"))
    for _ in range(3):
        with pytest.raises(IdentityUnavailable, match=r"in the region Nowhere\.$"):
            await session.token_and_endpoint()
    await session.close()
    (line,) = logged(caplog).splitlines()
    assert "names no identity service with the interface internal in the region Nowhere" in line
    assert "check [keystone_authtoken] interface and region_name" in line


async def test_catalog_without_glance_is_logged_once_with_the_options_to_check(
    keystone: Keystone, caplog: pytest.LogCaptureFixture
) -> None:
    session = session_at(keystone.url)
    for _ in range(3):
        with pytest.raises(IdentityUnavailable, match="names no image service"):
            await session.fetch_endpoint("image", ["admin"], None)
    await session.close()
    (line,) = logged(caplog).splitlines()
    assert "names no image service with the interface admin" in line
    assert "check [glance] service_type, valid_interfaces and region_name" in line


async def test_call_beyond_the_maximum_is_logged_once(
    keystone: Keystone, caplog: pytest.LogCaptureFixture
) -> None:
    keystone.logins_may_end.clear()
    session = session_at(keystone.url)
    look_ups = (session.fetch_endpoint("image", ["public"], None) for _ in range(8))
    running = [asyncio.ensure_future(each) for each in look_ups]
    await keystone.login_started.wait()
    for _ in range(3):
        with pytest.raises(IdentityUnavailable, match=r"^Keystone did not respond in time\.$"):
            await session.token_and_endpoint()
    await session.close()
    await asyncio.gather(*running, return_exceptions=True)
    keystone.logins_may_end.set()
    (line,) = logged(caplog).splitlines()
    assert "8 other calls are in progress" in line


async def test_wrong_path_of_auth_url_is_no_refusal_of_the_password(
    keystone: Keystone, caplog: pytest.LogCaptureFixture
) -> None:
    keystone.login_status = 404
    session = session_at(keystone.url)
    with pytest.raises(CallFailed) as failed:
        await session.token_and_endpoint()
    await session.close()
    assert not isinstance(failed.value, LoginRefused)
    assert f"POST {keystone.url}/v3/auth/tokens responds 404" in failed.value.reason
    assert "Check that auth_url is the URL of Keystone" in logged(caplog)
    assert "password" not in logged(caplog)


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
