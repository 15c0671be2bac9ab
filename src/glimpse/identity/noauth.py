"""NoAuthIdentity: takes the caller from a token ``user:project`` without checking it."""

import ipaddress

from glimpse.identity import field_lengths
from glimpse.identity.access_rules import RequestTarget
from glimpse.identity.service import Identity, Unauthorized
from glimpse.images import Caller


class NoAuthIdentity:
    """Takes the caller from the token, unchecked; the user ``admin`` is an admin.

    The same as noauth in Nova and other services.
    """

    async def authenticate(
        self,
        token: str | None,
        service_token: str | None = None,  # noqa: ARG002  the signature of Identity
        target: RequestTarget | None = None,  # noqa: ARG002  the signature of Identity
    ) -> Caller:
        """Return the caller of a token ``user:project``, or ``user`` for a project of that name.

        Raises Unauthorized without a user, as Compute's noauth does, and for a name that is too
        long for the owner of an image.
        """
        user, _, project = (token or "").partition(":")
        if not user or max(len(user), len(project)) > field_lengths.NAME:
            raise Unauthorized("X-Auth-Token has to be user:project, each of 255 characters.")
        is_admin = user == "admin"
        project = project or user
        return Caller(
            user_id=user,
            project_id=project,
            roles=frozenset({"admin", "member", "reader"} if is_admin else {"member", "reader"}),
            is_admin=is_admin,
            user_name=user,
            project_name=project,
            user_domain_id="default",
            project_domain_id="default",
            token=token or "",
        )

    def challenge(self, base_url: str) -> str:
        """Implement Identity.challenge.

        A 401 needs a challenge (RFC 9110, 15.5.2), but with noauth no Identity API is served. The
        challenge names the version discovery of this process, which needs no token.
        """
        return f'Keystone uri="{base_url}"'

    def copy_cache(self, other: Identity) -> None:
        """Do nothing: there is no cache."""

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


class RemoteNoAuthRefused(ValueError):
    """The service would listen without authentication on an address that others can reach."""


def check_noauth_bind(host: str, is_remote_allowed: bool) -> None:  # noqa: FBT001  the setting's value
    """Raise RemoteNoAuthRefused unless `host` is a loopback address or `is_remote_allowed`."""
    if is_remote_allowed or is_loopback(host):
        return
    raise RemoteNoAuthRefused(
        f"auth_strategy = noauth lets everyone who reaches {host} do everything: listen on "
        "127.0.0.1, or set allow_remote_noauth = true if that is meant."
    )


def is_loopback(host: str) -> bool:
    """Return True if `host` is a loopback address or ``localhost``.

    Returns False for any other name, since the address to which it resolves may change.
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
