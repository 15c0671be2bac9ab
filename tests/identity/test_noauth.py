"""NoAuthIdentity: its tokens, and the addresses on which it may be used."""

import pytest

from glimpse.identity.noauth import NoAuthIdentity, RemoteNoAuthRefused, check_noauth_bind
from glimpse.identity.service import Unauthorized


@pytest.mark.parametrize(
    ("token", "user", "project", "is_admin"),
    [
        ("demo:gold", "demo", "gold", False),
        ("demo", "demo", "demo", False),
        ("admin", "admin", "admin", True),
        ("admin:gold", "admin", "gold", True),
        ("demo:admin", "demo", "admin", False),
    ],
)
async def test_token_names_user_and_project(
    token: str,
    user: str,
    project: str,
    is_admin: bool,  # noqa: FBT001  a column of the table
) -> None:
    caller = await NoAuthIdentity().authenticate(token)
    assert (caller.user_id, caller.project_id, caller.is_admin) == (user, project, is_admin)
    assert caller.token == token


@pytest.mark.parametrize("token", [None, "", ":gold", "x" * 256, "demo:" + "x" * 256])
async def test_token_without_a_user_or_too_long_is_unauthorized(token: str | None) -> None:
    with pytest.raises(Unauthorized, match="user:project, each of 1 to 255 characters"):
        await NoAuthIdentity().authenticate(token)


def test_challenge_names_no_identity_api() -> None:
    assert NoAuthIdentity().challenge("http://here") == 'Keystone uri="http://here"'


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_loopback_address_is_accepted(host: str) -> None:
    check_noauth_bind(host, is_remote_allowed=False)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "192.0.2.1", "myhost", "::ffff:192.0.2.1"])
def test_other_address_is_refused_unless_allowed(host: str) -> None:
    with pytest.raises(RemoteNoAuthRefused, match="allow_remote_noauth"):
        check_noauth_bind(host, is_remote_allowed=False)
    check_noauth_bind(host, is_remote_allowed=True)
