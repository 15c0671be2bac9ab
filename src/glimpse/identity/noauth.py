"""NoAuthIdentity: reads the caller from tokens ``user:project``, without authentication."""

import ipaddress

from glimpse.identity import field_lengths
from glimpse.identity.access_rules import RequestTarget
from glimpse.identity.service import Identity, Unauthorized
from glimpse.images import Caller


class NoAuthIdentity:
    """Implements Identity with tokens ``user:project``, which anybody can write.

    Every user has the roles member and reader. The user ``admin`` has the role admin, too. Nova and
    other services call this kind of authentication ``noauth``.
    """

    async def authenticate(
        self,
        token: str | None,
        service_token: str | None = None,  # noqa: ARG002  the signature of Identity
        target: RequestTarget | None = None,  # noqa: ARG002  the signature of Identity
    ) -> Caller:
        """Return the caller that `token` names: ``user:project``, or ``user``.

        The project is everything after the first colon: ``a:b:c`` has the user ``a`` and the
        project ``b:c``. If the project is missing or empty, the project has the name of the user.
        These names are also the ids, and both domains have the id ``default``. The roles are member
        and reader, for the user ``admin`` also admin. `service_token` and `target` are ignored.

        Raises Unauthorized if `token` is None, or if the user is empty, as Compute's noauth does.
        Raises Unauthorized, too, if the user or the project has more than 255 characters, since the
        project becomes the owner of images.
        """
        user, _, project = (token or "").partition(":")
        if not user or max(len(user), len(project)) > field_lengths.NAME:
            raise Unauthorized("X-Auth-Token has to be user:project, each of 1 to 255 characters.")
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

    def challenge(self, own_url: str) -> str:
        """Implement Identity.challenge: return ``Keystone uri="OWN_URL"``.

        A 401 response needs a challenge (RFC 9110, 15.5.2). With noauth, this process has no
        Identity API: `own_url` is the URL of its Compute API, whose version document needs no
        token.
        """
        return f'Keystone uri="{own_url}"'

    def copy_cache(self, other: Identity) -> None:
        """Do nothing: there is no cache."""

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


class RemoteNoAuthRefused(ValueError):
    """noauth may not listen at a host: it is neither ``localhost`` nor a loopback address."""


def check_noauth_bind(host: str, is_remote_allowed: bool) -> None:  # noqa: FBT001  a setting
    """Raise RemoteNoAuthRefused if noauth may not listen at `host`, an address or a name.

    If `is_remote_allowed` is True, every `host` is allowed. Otherwise only loopback addresses and
    the name ``localhost`` are allowed. Any other name raises the error, even if the name resolves
    to a loopback address.
    """
    if is_remote_allowed or is_loopback(host):
        return
    raise RemoteNoAuthRefused(
        f"auth_strategy = noauth lets everyone who reaches {host} do everything: listen on "
        "127.0.0.1, or set allow_remote_noauth = true if that is meant."
    )


def is_loopback(host: str) -> bool:
    """Return True if `host` is a loopback address or the name ``localhost``.

    The case of the name does not matter. An IPv6 address may have brackets. Returns False for any
    other name, since the address of a name may change.
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
