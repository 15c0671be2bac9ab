"""KeystoneServiceTokens: obtains the service tokens that Glimpse sends to Glance.

`identity` validates those that clients send.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from glimpse.identity.keystone.service_session import ServiceSession
from glimpse.identity.service import IdentityUnavailable

_LOGIN_TIMEOUT = 1.0  # seconds that a request waits for a login, which goes on after that
# Seconds between logins. A login does not help while Keystone is unavailable, nor if Glance
# refused the caller's token and not this one.
_LOGIN_INTERVAL = 10.0


class KeystoneServiceTokens:
    """Obtains tokens of the user in [service_user], for the header ``X-Service-Token``.

    If a request has such a token in addition to the caller's, Glance accepts it even if the
    caller's has expired meanwhile, or is restricted by access rules (keystonemiddleware, service
    tokens). Other requests succeed without it. So no method raises if Keystone issues none. `clock`
    returns seconds.
    """

    def __init__(
        self, session: ServiceSession, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._session = session
        self._clock = clock
        self._next_login_at = 0.0

    async def token(self) -> str | None:
        """Return the token to send, perhaps expired; None if there is none now. Never raises.

        Without a token, this method logs in and waits at most one second; a login that takes longer
        continues in the background. For ten seconds after a login, also a failed one, it starts no
        other.
        """
        if self._session.current_token is None:
            await self._log_in(self._session.token_and_endpoint)
        return self._session.current_token

    async def renew(self, refused: str) -> str | None:
        """Return a new token, after Glance has refused the token `refused`. Never raises.

        Logs in, unless another call has replaced `refused` already. Returns None if that fails or
        takes more than one second; then the login continues in the background. Returns None without
        a login if the last one is less than ten seconds ago: then `refused` is new and probably
        valid, and Glance refused the caller's token.
        """
        if self._session.current_token == refused:
            await self._log_in(self._session.renew)
        token = self._session.current_token
        return None if token == refused else token

    async def _log_in(self, login: Callable[[], Awaitable[object]]) -> None:
        """Await `login` for at most one second. Never raises; the session logs a failure.

        Does nothing if the last login, also a failed one, ended less than ten seconds ago.
        """
        if self._clock() < self._next_login_at:
            return
        try:
            async with asyncio.timeout(_LOGIN_TIMEOUT):
                await login()
        except (IdentityUnavailable, TimeoutError):
            pass  # the session has logged why
        self._next_login_at = self._clock() + _LOGIN_INTERVAL

    async def close(self) -> None:
        """Cancel a login in progress, and close the session with its transport."""
        await self._session.close()
