"""Writes identity files, and logs their users in to an EmbeddedIdentity."""

from pathlib import Path

import orjson

from glimpse.identity.embedded.auth_request import AuthRequest, Reference
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity.embedded.session import Session


async def log_in(
    identity: EmbeddedIdentity,
    name: str = "demo",
    *,
    project: str | None = None,
    password: str | None = None,
) -> Session:
    """Log in; by default with the user's password, to the project with the user's name."""
    user = identity.identity_file.current.user(name=name)
    assert user is not None
    request = AuthRequest(
        methods=("password",),
        user=Reference(None, name),
        password=password if password is not None else user.password or "",
        project=Reference(None, project or name),
    )
    return await identity.login.log_in(request)


async def issue_token(identity: EmbeddedIdentity, name: str = "demo") -> str:
    return identity.sign((await log_in(identity, name)).token)


def write_identity_file(state_dir: Path, users: list[dict[str, object]]) -> None:
    """Write an identity file with the users ``demo``, ``alt`` and `users`."""
    document = {
        "projects": [{"id": "p" * 32, "name": "demo"}, {"name": "alt"}],
        "users": [
            {"name": "demo", "password": "secret", "roles": {"demo": ["member"]}},
            {"name": "alt", "roles": {"alt": ["member"]}},
            *users,
        ],
    }
    (state_dir / "identity.json").write_bytes(orjson.dumps(document))
