"""ServiceTokens: the interface that supplies service tokens for requests to Glance.

`identity.keystone.service_tokens` implements the interface, and `glance.client` uses it.
"""

from typing import Protocol


class ServiceTokens(Protocol):
    """Supplies tokens of Glimpse's own user, which Glance gets in the header X-Service-Token.

    KeystoneServiceTokens implements this protocol by logging in to Keystone.
    """

    async def token(self) -> str | None:
        """Return the service token to send, or None if there is none now. Raises nothing.

        If the result is None, send the request with the caller's token only. The token may have
        expired: if Glance responds 401, call `renew`. If there is no token yet, logs in, and waits
        at most about a second for the login.
        """
        ...

    async def renew(self, refused: str) -> str | None:
        """Return a new service token, after a request with the token `refused` got a 401.

        Returns None if there is no new token, or if Glance probably refused the caller's token. May
        log in, and waits at most about a second for the login. Raises nothing.
        """
        ...

    async def close(self) -> None:
        """Cancel a login in progress and close connections."""
        ...
