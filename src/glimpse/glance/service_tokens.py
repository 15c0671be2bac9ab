"""ServiceTokens, the port for the service tokens that are sent with the callers' tokens.

`identity.keystone.service_tokens` implements it; `client` sends them, and again after a 401.
"""

from typing import Protocol


class ServiceTokens(Protocol):
    """Supplies tokens of Glimpse's own user, sent to Glance as X-Service-Token.

    KeystoneServiceTokens implements it, with logins to Keystone.
    """

    async def token(self) -> str | None:
        """Return the current token, or None: requests then have the caller's token only.

        Logs in if there is no token, and waits for that about a second at most. Raises nothing.
        """
        ...

    async def renew(self, refused: str) -> str | None:
        """Return a token to send in place of `refused`, with which a request got a 401.

        None if there is no other token, or if it was probably the caller's token that was refused.
        It may log in for that, and waits about a second at most. Raises nothing.
        """
        ...

    async def close(self) -> None:
        """Cancel a login in progress and close connections."""
        ...
