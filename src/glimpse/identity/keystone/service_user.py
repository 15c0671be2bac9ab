"""ServiceUser: the service token that Glimpse sends to Glance with the caller's token."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from glimpse.identity.keystone.service_session import ServiceSession
from glimpse.identity.service import IdentityUnavailable

_LOGIN_TIMEOUT = 1.0  # seconds that a request waits for a login, which goes on after that
# Seconds between logins. One does not help while Keystone is down, nor if it was the caller's
# token that Glance refused.
_LOGIN_INTERVAL = 10.0


class ServiceUser:
    """The user of [service_user], which `session` logs in when its token is first needed.

    With its token beside the caller's, a service accepts a caller's token that has expired
    meanwhile, or that access rules restrict (keystonemiddleware, service tokens). Most requests
    need only the caller's token: they are sent without this one while Keystone issues none.
    `clock` gives seconds.
    """

    def __init__(
        self, session: ServiceSession, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._session = session
        self._clock = clock
        self._next_login_at = 0.0

    async def token(self) -> str | None:
        """Return the token to send, after a login if needed; None if there is none. Never raises.

        Waits at most a second, and logs in at most once in ten seconds.
        """
        if self._session.current_token is None:
            await self._log_in(self._session.token_and_endpoint)
        return self._session.current_token

    async def renewed(self, refused: str) -> str | None:
        """Return a token other than `refused`, after a login if needed; None if there is none.

        None, too, within ten seconds of a login: then `refused` is new, and likely valid. Never
        raises.
        """
        if self._session.current_token == refused:
            await self._log_in(self._session.renew)
        token = self._session.current_token
        return None if token == refused else token

    async def _log_in(self, login: Callable[[], Awaitable[object]]) -> None:
        """Await `login` for at most _LOGIN_TIMEOUT, unless the last one is too recent."""
        if self._clock() < self._next_login_at:
            return
        try:
            async with asyncio.timeout(_LOGIN_TIMEOUT):
                await login()
        except (IdentityUnavailable, TimeoutError):
            pass  # the session has logged why
        self._next_login_at = self._clock() + _LOGIN_INTERVAL

    async def close(self) -> None:
        """Close the session."""
        await self._session.close()
