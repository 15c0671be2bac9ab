"""Identity: the port (interface) that finds the caller of a request by its token."""

from typing import Protocol

from glimpse.identity.access_rules import RequestTarget
from glimpse.images import Caller


class IdentityError(Exception):
    """Base of the errors of Identity.authenticate.

    IdentityError
    ├── Unauthorized          no token, or one that is not valid: 401
    └── IdentityUnavailable   the identity service does not respond: 503, ``retry_after`` seconds
    """


class Unauthorized(IdentityError):
    """There is no token, or it is invalid, expired, revoked or not good for the request."""


class IdentityUnavailable(IdentityError):
    """The identity service cannot be reached, is too slow, or sends no valid response.

    ``retry_after`` is the number of seconds after which a client may retry.
    """

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Identity(Protocol):
    """Finds the caller of a request. Implementations: keystone, embedded, noauth."""

    async def authenticate(
        self,
        token: str | None,
        service_token: str | None = None,
        target: RequestTarget | None = None,
    ) -> Caller:
        """Return the caller to whom `token` was issued.

        `token` is the ``X-Auth-Token`` header, `service_token` the ``X-Service-Token`` header. With
        a valid `service_token` of a service, an expired `token` is accepted, as keystonemiddleware
        does. `target` is the request; without it, a token with access rules is refused. Raises
        Unauthorized or IdentityUnavailable.
        """
        ...

    def challenge(self, base_url: str) -> str:
        """Return the ``WWW-Authenticate`` header of a 401: ``Keystone uri="..."``.

        `base_url` is the URL at which the client reached this process (``http://host:8774``,
        without a slash at its end).
        """
        ...

    def copy_cache(self, other: "Identity") -> None:
        """Use the cached tokens of `other`, which this identity replaces in a reload.

        Does nothing if the implementation has no cache, or if the cached tokens of `other` may not
        be valid here.
        """
        ...

    async def close(self) -> None:
        """Close connections and files, and cancel work in progress."""
        ...
