"""ServiceTokens: the source of the service tokens that are sent with the callers' tokens."""

from typing import Protocol


class ServiceTokens(Protocol):
    """Tokens of Glimpse's own user, sent as X-Service-Token."""

    async def token(self) -> str | None:
        """Return the current token; None if there is none: requests are then sent without it."""
        ...

    async def renewed(self, refused: str) -> str | None:
        """Return a token to send in place of the `refused` one.

        None if there is no other token, or if Glance probably refused the caller's token instead.
        """
        ...

    async def close(self) -> None:
        """Cancel a login in progress and close connections."""
        ...
