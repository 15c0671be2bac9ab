"""ServiceUser: a token of Glimpse's own to send beside the caller's."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from glimpse.identity.keystone.service_session import ServiceSession
from glimpse.identity.service import IdentityUnavailable

_PATIENCE = 1.0  # seconds that a call waits for a login, which goes on by itself after that
_REST = 10.0  # seconds between logins: none helps if Keystone is down, or it is the caller's fault


class ServiceUser:
    """The user of [service_user], as `session` logs it in when its token is first wanted.

    With its token beside the caller's, a service lets pass a caller's token that has expired
    meanwhile, or that access rules restrict (keystonemiddleware, service tokens). Most calls need
    only the caller's: they go on without while Keystone gives none.
    """

    def __init__(
        self, session: ServiceSession, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._session = session
        self._clock = clock
        self._rests_until = 0.0

    async def token(self) -> str | None:
        """The token to send, if there is one."""
        if self._session.known_token is None:
            await self._try(self._session.token_and_endpoint)
        return self._session.known_token

    async def renewed(self, refused: str) -> str | None:
        """Another token than the `refused` one; None if there is none, or this is likely good."""
        if self._session.known_token == refused:
            await self._try(self._session.renew)
        another = self._session.known_token
        return None if another == refused else another

    async def _try(self, login: Callable[[], Awaitable[object]]) -> None:
        """Log in, unless that was tried just now."""
        if self._clock() < self._rests_until:
            return
        try:
            async with asyncio.timeout(_PATIENCE):
                await login()
        except (IdentityUnavailable, TimeoutError):
            pass  # the session has logged why
        self._rests_until = self._clock() + _REST

    def close(self) -> None:
        """End a login under way, and close connections."""
        self._session.close()
