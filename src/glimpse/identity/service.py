"""Identity, the port (interface) that finds the Caller of a token, and its errors."""

from typing import Protocol

from glimpse.identity.access_rules import RequestTarget
from glimpse.images import Caller


class IdentityError(Exception):
    """Base class of the errors that Identity.authenticate raises.

    IdentityError
    ├── Unauthorized          the token is missing or not valid: the APIs respond with 401
    └── IdentityUnavailable   the token could not be checked: the APIs respond with 503
    """


class Unauthorized(IdentityError):
    """The token is missing, invalid, expired or revoked, or does not allow the request."""


class IdentityUnavailable(IdentityError):
    """The token could not be checked, for example because Keystone cannot be reached.

    ``retry_after`` is the number of seconds after which a client should try again.
    """

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Identity(Protocol):
    """The port (interface) through which the APIs find out from a token who sent a request.

    Implemented by KeystoneIdentity, EmbeddedIdentity and NoAuthIdentity.
    """

    async def authenticate(
        self,
        token: str | None,
        service_token: str | None = None,
        target: RequestTarget | None = None,
    ) -> Caller:
        """Return the user, project and roles of `token`.

        `token` is the ``X-Auth-Token`` header, `service_token` the ``X-Service-Token`` header; None
        if the request has none. If `service_token` is a valid token of a service's user, `token`
        may have expired recently: in the last two days, unless Keystone is configured otherwise.

        `target` is the request. A `token` with access rules is refused if none of them allows
        `target`, or if `target` is None; beside a service's token, its rules are not checked.

        Raises Unauthorized if `token` is missing, or one of the tokens is refused;
        IdentityUnavailable if one could not be checked.
        """
        ...

    def challenge(self, own_url: str) -> str:
        """Return the value of the ``WWW-Authenticate`` header of a 401: ``Keystone uri="URL"``.

        URL is where clients obtain tokens. `own_url` is the URL of this process's Identity API for
        the client, without a slash at its end: ``http://host:8774/identity``. If it has none, it is
        the URL of its Compute API.
        """
        ...

    def copy_cache(self, other: "Identity") -> None:
        """Take over the cached tokens of `other`.

        A reload calls this on the new identity, with the one that it replaces as `other`. Does
        nothing if the implementation has no cache, or if a token that is cached in `other` may be
        invalid here.
        """
        ...

    async def close(self) -> None:
        """Close all connections and files, and cancel validations in progress.

        Callers that wait for one get CancelledError. Call no other method after that.
        """
        ...
