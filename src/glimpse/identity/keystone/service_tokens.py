"""KeystoneServiceTokens: obtains the service tokens that Glimpse sends to Glance.

The module `identity` validates the service tokens that clients send to Glimpse.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from glimpse.identity.keystone.service_session import ServiceSession
from glimpse.identity.service import IdentityUnavailable

_LOGIN_TIMEOUT = 1.0  # seconds that a request waits for a login; the login continues after that
# Seconds between logins. Another login does not help while Keystone is unavailable, or if Glance
# refused the caller's token rather than the service token.
_LOGIN_INTERVAL = 10.0


class KeystoneServiceTokens:
    """Obtains tokens of the user in [service_user], for the header ``X-Service-Token``.

    If a request also has a service token, Glance accepts a caller's token that has expired or is
    restricted by access rules (keystonemiddleware, service tokens). All other requests succeed
    without a service token. So no method raises an error if Keystone issues no token. `clock`
    returns seconds. The owner calls `close`, which also closes `session`.
    """

    def __init__(
        self, session: ServiceSession, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._session = session
        self._clock = clock
        self._next_login_at = 0.0

    async def token(self) -> str | None:
        """Return the service token, perhaps expired, or None. Never raises.

        If there is no token, logs in and waits for at most one second. Returns None if the login
        fails or takes longer; a slow login continues in the background. In the ten seconds after
        such a wait, returns None without a login while there is no token.
        """
        if self._session.current_token is None:
            await self._log_in(self._session.token_and_endpoint)
        return self._session.current_token

    async def renew(self, refused: str) -> str | None:
        """Return a new token, after Glance has refused the token `refused`. Never raises.

        If `refused` is not the session's token any more, returns the session's token, or None if
        the session has none. Otherwise logs in and waits for at most one second. Returns None if
        the login fails or takes longer; a slow login continues in the background. In the ten
        seconds after a wait for a login, also a successful one, returns None without a login: then
        Glance probably refused the caller's token.
        """
        if self._session.current_token == refused:
            await self._log_in(self._session.renew)
        token = self._session.current_token
        return None if token == refused else token

    async def _log_in(self, login: Callable[[], Awaitable[object]]) -> None:
        """Await `login` for at most one second. Never raises.

        Does nothing in the ten seconds after the last such wait, even if the login succeeded.
        """
        if self._clock() < self._next_login_at:
            return
        try:
            async with asyncio.timeout(_LOGIN_TIMEOUT):
                await login()
        except (IdentityUnavailable, TimeoutError):
            pass  # the session has logged why, or will at the end of a slow login
        self._next_login_at = self._clock() + _LOGIN_INTERVAL

    async def close(self) -> None:
        """Cancel a login in progress, and close the session with its transport.

        Calls of `token` and `renew` that wait for the login raise CancelledError.
        """
        await self._session.close()
