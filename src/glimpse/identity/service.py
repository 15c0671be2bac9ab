"""Identity: the port that turns a token into a Caller; and how it can fail to."""

from typing import Protocol

from glimpse.identity.access_rules import RequestTarget
from glimpse.images import Caller


class IdentityError(Exception):
    """Base of what identity can answer instead of a Caller.

    IdentityError
    ├── Unauthorized          no token, or one that is not valid (any more): 401
    └── IdentityUnavailable   the identity service cannot be asked now: 503, ``retry_after`` seconds
    """


class Unauthorized(IdentityError):
    """No token, or none that is valid."""


class IdentityUnavailable(IdentityError):
    """The identity service is down or too slow."""

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Identity(Protocol):
    """Who is calling. Implementations: keystone, embedded, noauth."""

    async def authenticate(
        self,
        token: str | None,
        service_token: str | None = None,
        target: RequestTarget | None = None,
    ) -> Caller:
        """Return the caller whose token it is.

        `token` is the ``X-Auth-Token`` header, `service_token` the ``X-Service-Token`` header (a
        service acting for a user may use the user's expired token, as keystonemiddleware allows).
        `target` is what the token is to be good for, if that may matter.
        Raises Unauthorized or IdentityUnavailable.
        """
        ...

    def challenge(self, base_url: str) -> str:
        """The ``WWW-Authenticate`` header of a 401: ``Keystone uri="..."``.

        `base_url` is this process as the client reached it (``http://host:8774``, no slash after).
        """
        ...

    def copy_cache(self, other: "Identity") -> None:
        """Know what `other`, whose place this takes, has found out, as far as it still holds."""
        ...

    async def close(self) -> None:
        """Let go of connections and files."""
        ...
