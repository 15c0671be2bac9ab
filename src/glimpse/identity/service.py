"""Identity, the port (interface) that finds the Caller of a token, and the port's errors."""

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
    """The token is missing, invalid, expired or revoked, or does not allow the request.

    Login and changes of passwords raise Unauthorized, too, for example for a wrong password.
    """


class IdentityUnavailable(IdentityError):
    """A token or login cannot be checked now, or the Identity API cannot respond now.

    For example, Keystone cannot be reached, the identity file cannot be written, Glimpse is
    shutting down, or the bodies of requests take too much memory. ``retry_after`` is the number of
    seconds after which a client should try again.
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

        `token` is the ``X-Auth-Token`` header, `service_token` the ``X-Service-Token`` header. None
        stands for a missing header. `target` is the request.

        If the user of `service_token` has the role of a service (``service`` by default), the
        access rules of `token` are not checked. `token` may then have expired up to two days ago,
        the default of Keystone's option ``allow_expired_window``. If the user does not have this
        role, raises Unauthorized if ``service_token_roles_required`` is set; otherwise ignores
        `service_token`.

        Raises Unauthorized, too, if `token` is missing, or if `token` or `service_token` is not
        valid. If `token` has access rules, raises Unauthorized if no rule allows `target`, or if
        `target` is None. Raises IdentityUnavailable if `token` or `service_token` cannot be checked
        now.
        """
        ...

    def challenge(self, own_url: str) -> str:
        """Return the value of the ``WWW-Authenticate`` header of a 401: ``Keystone uri="URL"``.

        URL is where clients obtain tokens. `own_url` is the URL at which the client reaches the
        Identity API of this process, without a slash at the end (``http://host:8774/identity``). If
        this process has no Identity API, `own_url` is the URL of its Compute API.
        """
        ...

    def copy_cache(self, other: "Identity") -> None:
        """Take over the cached tokens of `other`.

        A reload calls this method on the new identity. `other` is the identity that the new one
        replaces; requests in progress may still use `other`. Does nothing if this identity has no
        cache, or if a token that `other` has cached may be invalid for this identity.
        """
        ...

    async def close(self) -> None:
        """Close all connections and files, and cancel validations in progress.

        Calls of `authenticate` that wait for a validation raise CancelledError. After `close`, call
        no method of this identity.
        """
        ...
