"""KeystoneIdentity with a scripted Keystone, through the real keystoneauth."""

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from glimpse.identity import IdentityUnavailable, RequestTarget, Unauthorized
from glimpse.identity.keystone import KeystoneIdentity
from tests.identity.scripted_keystone import (
    OPTIONS,
    Keystone,
    identity_at,
    serve_keystone,
    session_at,
)
from tests.support.fault_proxy import Fault, FaultProxy


@pytest.fixture
async def keystone() -> AsyncIterator[Keystone]:
    async with serve_keystone() as keystone:
        yield keystone


@pytest.fixture
async def identity(keystone: Keystone) -> AsyncIterator[KeystoneIdentity]:
    identity = identity_at(keystone.url)
    yield identity
    await identity.close()


async def test_valid_token_identifies_its_caller(identity: KeystoneIdentity) -> None:
    caller = await identity.authenticate("good")
    assert (caller.user_id, caller.project_id, caller.roles) == ("u", "p", frozenset(("member",)))
    assert (caller.token, caller.is_admin) == ("good", False)
    assert (await identity.authenticate("root")).is_admin


@pytest.mark.parametrize(
    "token", [None, "", "unknown", "old", "\u20ac", "a\nb", pytest.param("x" * 60_000, id="long")]
)
async def test_invalid_token_is_unauthorized(identity: KeystoneIdentity, token: str | None) -> None:
    with pytest.raises(Unauthorized):
        await identity.authenticate(token)


@pytest.mark.parametrize("status", [400, 413, 431])
async def test_token_that_the_web_server_of_keystone_rejects_is_unauthorized(
    keystone: Keystone, identity: KeystoneIdentity, status: int
) -> None:
    keystone.status = status
    with pytest.raises(Unauthorized):
        await identity.authenticate("good")


async def test_access_rules_are_checked_for_each_request(
    keystone: Keystone, identity: KeystoneIdentity
) -> None:
    keystone.rules = [{"id": "r", "service": "compute", "method": "GET", "path": "/v2.1/images"}]
    listing = RequestTarget("compute", "GET", "/v2.1/images")
    for target in (None, listing._replace(method="POST"), listing._replace(service="image")):
        with pytest.raises(Unauthorized):
            await identity.authenticate("good", target=target)
        assert (await identity.authenticate("good", target=listing)).user_id == "u"
    assert len(keystone.validations) == 1
    keystone.rules = None
    assert (await identity.authenticate("service", target=listing)).user_id == "u"
    assert (await identity.authenticate("good", "service")).user_id == "u"


async def test_malformed_access_rules_make_keystone_unavailable(
    keystone: Keystone, identity: KeystoneIdentity
) -> None:
    keystone.rules = [{"service": "compute"}]
    with pytest.raises(IdentityUnavailable):
        await identity.authenticate("good", target=RequestTarget("compute", "GET", "/"))


async def test_expired_token_is_accepted_with_a_service_token(identity: KeystoneIdentity) -> None:
    assert (await identity.authenticate("old", "service")).user_id == "u"
    with pytest.raises(Unauthorized):
        await identity.authenticate("old")
    with pytest.raises(Unauthorized):
        await identity.authenticate("good", "good")


async def test_concurrent_requests_share_a_validation_that_outlives_a_cancelled_one(
    keystone: Keystone, identity: KeystoneIdentity
) -> None:
    first = asyncio.create_task(identity.authenticate("good"))
    others = [asyncio.create_task(identity.authenticate("good")) for _ in range(20)]
    await keystone.validation_started.wait()
    first.cancel()
    assert {caller.user_id for caller in await asyncio.gather(*others)} == {"u"}
    assert keystone.validations == ["good"]


async def test_service_logs_in_again_when_its_token_is_refused(
    keystone: Keystone, identity: KeystoneIdentity
) -> None:
    await identity.authenticate("good")
    keystone.own_token += 1
    assert (await identity.authenticate("root")).is_admin


async def test_cached_tokens_are_valid_while_keystone_is_down(
    keystone: Keystone, identity: KeystoneIdentity
) -> None:
    await identity.authenticate("good")
    keystone.status = 500
    assert (await identity.authenticate("good")).user_id == "u"
    with pytest.raises(IdentityUnavailable) as caught:
        await identity.authenticate("root")
    assert "root" not in str(caught.value)


@pytest.mark.parametrize("known_already", [True, False])
async def test_failing_calls_to_keystone_are_retried_as_often_as_configured(
    keystone: Keystone,
    identity: KeystoneIdentity,
    known_already: bool,  # noqa: FBT001  whether the login fails or the validation
) -> None:
    if known_already:
        await identity.authenticate("good")
    keystone.failures = 2
    assert (await identity.authenticate("root")).is_admin
    keystone.failures = 3
    identity._session.discard_token(f"own-{keystone.own_token}")  # noqa: SLF001  to log in again
    with pytest.raises(IdentityUnavailable):
        await identity.authenticate("service")
    assert keystone.failures == 0
    assert (await identity.authenticate("service")).roles == {"service"}


async def test_requests_that_share_a_login_share_its_failure(
    keystone: Keystone, identity: KeystoneIdentity
) -> None:
    keystone.login_body = b"<html>Welcome</html>"
    tokens = [f"token-{number}" for number in range(20)]
    outcomes = await asyncio.gather(*map(identity.authenticate, tokens), return_exceptions=True)
    assert {isinstance(outcome, IdentityUnavailable) for outcome in outcomes} == {True}
    assert keystone.logins == 1
    keystone.login_body = None
    assert (await identity.authenticate("good")).user_id == "u"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"token": {}}', b'{"token": []}', b"null"])
async def test_malformed_login_response_makes_keystone_unavailable(
    keystone: Keystone, identity: KeystoneIdentity, body: bytes
) -> None:
    keystone.login_body = body
    with pytest.raises(IdentityUnavailable):
        await identity.authenticate("good")


async def test_retries_of_a_validation_end_at_its_deadline_which_is_logged(
    keystone: Keystone, caplog: pytest.LogCaptureFixture
) -> None:
    """A million retries of a 500 would take longer than the deadline."""
    options = replace(OPTIONS, http_request_max_retries=10**6, http_connect_timeout=0.5)
    identity = identity_at(keystone.url, options)
    await identity.authenticate("root")
    keystone.failures = 10**6
    with pytest.raises(IdentityUnavailable):
        await identity.authenticate("good")
    await identity.close()
    assert "within http_connect_timeout, 0.5 s" in caplog.text


async def test_threads_of_logins_past_their_deadline_are_bounded(keystone: Keystone) -> None:
    """Keystone sends a byte now and then, with which keystoneauth waits beyond its timeout."""
    with FaultProxy(("127.0.0.1", int(keystone.url.rpartition(":")[2]))) as proxy:
        proxy.fail(Fault("trickle", pause=0.05))
        session = session_at(proxy.base_url, replace(OPTIONS, http_connect_timeout=0.1))
        before = threading.active_count()
        for _ in range(20):
            with pytest.raises(IdentityUnavailable):
                await session.token_and_endpoint()
        assert threading.active_count() - before <= 9
        proxy.restore()
        async with asyncio.timeout(20):
            while threading.active_count() > before:  # noqa: ASYNC110  threads set no asyncio.Event
                await asyncio.sleep(0.02)
        await session.close()


async def test_challenge_names_keystone(identity: KeystoneIdentity) -> None:
    assert identity.challenge("http://here") == 'Keystone uri="http://keystone.example/v3"'
