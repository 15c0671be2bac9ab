"""ServiceUser: a token of Glimpse's own to send beside the caller's."""

import time
from collections.abc import Callable

from glimpse.identity.base import IdentityUnavailable
from glimpse.identity.keystone.service_session import ServiceSession

_REST = (
    10.0  # seconds between logins, of which none helps if Keystone is down or the caller is wrong
)


class ServiceUser:
    """The user of [service_user], as `session` logs it in when its token is first wanted.

    With its token beside the caller's, a service lets pass a caller's token that has expired
    meanwhile, or that access rules restrict (keystonemiddleware, service tokens).
    """

    def __init__(
        self, session: ServiceSession, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._session = session
        self._clock = clock
        self._rests_until = 0.0

    async def token(self) -> str | None:
        """The token to send; None while Keystone gives none: most calls need only the caller's."""
        if self._clock() < self._rests_until:
            return self._session.known_token
        try:
            return (await self._session.token_and_endpoint())[0]
        except IdentityUnavailable:
            self._rests_until = self._clock() + _REST
            return None

    async def renewed(self, refused: str) -> str | None:
        """Another token than the `refused` one; None if that is likely to be good."""
        if self._session.known_token == refused:
            if self._clock() < self._rests_until:
                return None
            self._session.forget(refused)
        token = await self.token()
        self._rests_until = self._clock() + _REST
        return token

    def close(self) -> None:
        """End a login under way, and close connections."""
        self._session.close()
