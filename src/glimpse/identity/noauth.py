"""No authentication: the token says who is calling (``user:project``). For one's own machine."""

import ipaddress

from glimpse.identity import field_lengths
from glimpse.identity.access_rules import RequestTarget
from glimpse.identity.service import Identity, Unauthorized
from glimpse.images import Caller


class NoAuthIdentity:
    """Believes what the token says, as other services' noauth does; the user ``admin`` is admin."""

    async def authenticate(
        self,
        token: str | None,
        service_token: str | None = None,  # noqa: ARG002  the port's signature
        target: RequestTarget | None = None,  # noqa: ARG002  likewise
    ) -> Caller:
        """Return the caller that ``user:project`` names; the project is the user's when left out.

        Raises Unauthorized without a token: Compute's noauth does not serve such a request either;
        and for a name that is too long for an image's owner.
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
        """The ``WWW-Authenticate`` header of a 401."""
        return f'Keystone uri="{base_url}/identity"'

    def copy_cache(self, other: Identity) -> None:
        """See Identity: it remembers nothing."""

    async def close(self) -> None:
        """Nothing to let go of."""


class RemoteNoAuthRefused(ValueError):
    """Serving without authentication on an address that others can reach."""


def check_noauth_bind(host: str, allowed: bool) -> None:  # noqa: FBT001  the setting's value
    """Raise RemoteNoAuthRefused when `host` is not a loopback address, unless `allowed`."""
    if allowed or is_loopback(host):
        return
    raise RemoteNoAuthRefused(
        f"auth_strategy = noauth lets everyone who reaches {host} do everything: listen on "
        "127.0.0.1, or set allow_remote_noauth = true if that is meant."
    )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches `host`, an address or ``localhost``.

    Any other name counts as remote: what it resolves to may change.
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
