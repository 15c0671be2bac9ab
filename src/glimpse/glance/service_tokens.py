"""ServiceTokens: where the token comes from that Glance gets beside the caller's."""

from typing import Protocol


class ServiceTokens(Protocol):
    """Tokens of Glimpse's own user, sent as X-Service-Token."""

    async def token(self) -> str | None:
        """Return the current token; None if there is none now, and requests go without it."""
        ...

    async def renewed(self, refused: str) -> str | None:
        """Return a token to send in place of the `refused` one.

        None if there is no other, or if the service token is probably not the one refused.
        """
        ...

    def close(self) -> None:
        """Cancel a login in progress and close connections."""
        ...
