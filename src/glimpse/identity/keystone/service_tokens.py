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

    With a service token, Glance accepts a caller's token even if it has expired, or if its access
    rules do not allow the request (keystonemiddleware, service tokens). Most requests succeed
    without a service token. So if Keystone issues none, `token` and `renew` return None instead of
    raising an error. `clock` returns seconds. The owner calls `close`, which also closes `session`.
    """

    def __init__(
        self, session: ServiceSession, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._session = session
        self._clock = clock
        self._next_login_at = 0.0

    async def token(self) -> str | None:
        """Return the service token, perhaps expired; None if there is none. Never raises.

        If there is no token, logs in, and waits for the login for at most one second. A slower
        login continues in the background. After each wait for a login, `token` and `renew` start no
        login for ten seconds.
        """
        if self._session.current_token is None:
            await self._log_in(self._session.token_and_endpoint)
        return self._session.current_token

    async def renew(self, refused: str) -> str | None:
        """Return a service token other than `refused`; None if there is none. Never raises.

        Call this method after Glance has refused a request with the service token `refused`. If
        `refused` is still the token of the session, logs in, and waits for the login for at most
        one second. A slower login continues in the background. After each wait for a login, `token`
        and `renew` start no login for ten seconds.
        """
        if self._session.current_token == refused:
            await self._log_in(self._session.renew)
        token = self._session.current_token
        return None if token == refused else token

    async def _log_in(self, login: Callable[[], Awaitable[object]]) -> None:
        """Await `login`, which joins a login of the session, for at most one second. Never raises.

        A slower login continues in the background. Does nothing in the ten seconds after the last
        such wait, even if the login succeeded.
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
