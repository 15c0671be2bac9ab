"""An embedded cloud for tests: a Glimpse process, its users, and images put in place."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glimpse.embedded.load import load
from glimpse.embedded.service import EmbeddedImageService
from glimpse.images import Caller
from glimpse.images.errors import ImageNotFound
from tests.support.http import Answer, request
from tests.support.process import GlimpseProcess

PASSWORD = "a test's password"
OPERATOR = Caller("operator", "operators", frozenset(("admin",)), is_admin=True)


@dataclass(frozen=True)
class Member:
    """A user, and the project that it acts in: one of the same name unless another is said."""

    name: str
    project_id: str
    roles: tuple[str, ...] = ("member", "reader")
    project_name: str | None = None


class EmbeddedCloud:
    """Everything a client needs of one Glimpse process, and images behind its back.

    Images are loaded through the embedded service from the test's own process: the catalog is made
    for several processes.
    """

    def __init__(self, process: GlimpseProcess) -> None:
        self.process = process
        self._tokens: dict[str, str] = {}

    @property
    def address(self) -> tuple[str, int]:
        return self.process.address

    @property
    def state_dir(self) -> Path:
        return self.process.state_dir

    def token(self, user: str) -> str | None:
        """A token of that user; None for ``none``, one that never was for ``invalid``."""
        if user == "none":
            return None
        if user == "invalid":
            return "gAAAAABnonsense"
        if user not in self._tokens:
            self._tokens[user] = issue_token(self.address, user)
        return self._tokens[user]

    def ask(
        self,
        user: str,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Answer:
        """Send one request as `user`; a body is JSON."""
        pairs = [("Content-Type", "application/json")] if body is not None else []
        pairs += headers
        token = self.token(user)
        if token is not None:
            pairs.append(("X-Auth-Token", token))
        return request(self.address, method, target, pairs, body)

    def put_images(
        self, documents: Iterable[Mapping[str, Any]], *, absent: Iterable[str] = ()
    ) -> None:
        """Make these the state of these images, and let those with an id in `absent` not exist."""
        asyncio.run(_put_images(self.state_dir, list(documents), list(absent)))


async def _put_images(
    state_dir: Path, documents: list[Mapping[str, Any]], absent: list[str]
) -> None:
    service = EmbeddedImageService.open(state_dir)
    try:
        await load(service, (dict(document) for document in documents))
        for image_id in absent:
            try:
                await service.delete_image(OPERATOR, image_id)
            except ImageNotFound:
                continue
    finally:
        await service.close()


def seed_identity(state_dir: Path, members: Iterable[Member]) -> None:
    """Write the identity file of a cloud that has not been started yet."""
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = list(members)
    projects = {member.project_id: member.project_name or member.name for member in known}
    document = {
        "projects": [{"id": key, "name": name} for key, name in projects.items()],
        "users": [
            {
                "name": member.name,
                "password": PASSWORD,
                "roles": {member.project_id: list(member.roles)},
            }
            for member in known
        ],
    }
    path = state_dir / "identity.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(document))


def issue_token(address: tuple[str, int], user: str) -> str:
    """Log in with the test's password, scoped to the project named like the user."""
    domain = {"id": "default"}
    credentials = {"name": user, "domain": domain, "password": PASSWORD}
    document = {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": credentials}},
            "scope": {"project": {"name": user, "domain": domain}},
        }
    }
    headers = {"Content-Type": "application/json"}
    body = json.dumps(document).encode()
    answer = request(address, "POST", "/identity/v3/auth/tokens", headers, body)
    token = answer.header("X-Subject-Token")
    assert answer.status == 201, str(answer)
    assert token, str(answer)
    return token
