"""Cloud: what tests need of a running Glimpse; EmbeddedCloud: one with embedded services."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from glimpse.bulk_load.loading import load
from glimpse.images import Caller
from glimpse.images.errors import ImageNotFound
from tests.support.asgi_server_process import AsgiServerProcess
from tests.support.embedded import open_images
from tests.support.http import Response, request
from tests.support.process import GlimpseProcess, wait_until

PASSWORD = "a test's password"
OPERATOR = Caller("operator", "operators", frozenset(("admin",)), is_admin=True)


@dataclass(frozen=True)
class Member:
    """A user and the project in which it has `roles`; it has `system_roles` on the system.

    Without `project_name`, the project has the name of the user.
    """

    name: str
    project_id: str
    roles: tuple[str, ...] = ("member", "reader")
    project_name: str | None = None
    system_roles: tuple[str, ...] = ()


class Cloud(ABC):
    """A running Glimpse, its users and its images. `put_images` bypasses the APIs."""

    def __init__(self, process: GlimpseProcess) -> None:
        self.process = process
        self._tokens: dict[str, str] = {}

    @abstractmethod
    def image_url_at(self, base_url: str) -> str:
        """Return the URL of the Image API, without ``/v2``.

        `base_url` is the URL at which the client reaches Glimpse: its own one or a proxy's.
        """

    @abstractmethod
    def identity_url_at(self, base_url: str) -> str:
        """Return the URL of the Identity API, without ``/v3``; `base_url` as above."""

    @abstractmethod
    def issue_expired_token(self, user: str) -> str:
        """Return a token of the user that was valid and has just expired."""

    @abstractmethod
    def put_images(
        self, documents: Iterable[Mapping[str, Any]], *, absent: Iterable[str] = ()
    ) -> None:
        """Create or replace the images of `documents`; delete those with an id in `absent`.

        An id in `absent` without an image is no error.
        """

    @property
    def address(self) -> tuple[str, int]:
        return self.process.address

    @property
    def state_dir(self) -> Path:
        return self.process.state_dir

    @property
    def identity_url(self) -> str:
        return self.identity_url_at(self.process.base_url)

    def token(self, user: str) -> str | None:
        """Return a token of the user, cached after the first call.

        The user ``none`` has no token: None. The token of the user ``invalid`` is not valid.
        """
        if user == "none":
            return None
        if user == "invalid":
            return "gAAAAABnonsense"
        if user not in self._tokens:
            self._tokens[user] = issue_token(self.identity_url, user)
        return self._tokens[user]

    def request(
        self,
        user: str,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Response:
        """Send one request with a token of `user`. A body is sent as JSON."""
        pairs = [("Content-Type", "application/json")] if body is not None else []
        pairs += headers
        token = self.token(user)
        if token is not None:
            pairs.append(("X-Auth-Token", token))
        return request(self.address, method, target, pairs, body)


class EmbeddedCloud(Cloud):
    """A Glimpse process that serves the Compute, Image and Identity APIs.

    `put_images` opens the catalog in the process of the test: several processes may use it at once.
    """

    def image_url_at(self, base_url: str) -> str:
        return f"{base_url}/image"

    def identity_url_at(self, base_url: str) -> str:
        return f"{base_url}/identity"

    def issue_expired_token(self, user: str) -> str:
        """Return a token that a second process issued, whose tokens expire after one second."""
        short = "[embedded]\ntoken_expiration = 1\n"
        with AsgiServerProcess(self.state_dir, sections=short) as process:
            token = issue_token(f"{process.base_url}/identity", user)
        headers = {"X-Auth-Token": token}
        wait_until(
            lambda: request(self.address, "GET", "/v2.1/images", headers).status == 401,
            "the token does not expire",
        )
        return token

    def put_images(
        self, documents: Iterable[Mapping[str, Any]], *, absent: Iterable[str] = ()
    ) -> None:
        asyncio.run(_put_images(self.state_dir, list(documents), list(absent)))


async def _put_images(
    state_dir: Path, documents: list[Mapping[str, Any]], absent: list[str]
) -> None:
    service = open_images(state_dir)
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
    """Write the ``identity.json`` of a cloud that has not been started yet."""
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
                "system_roles": list(member.system_roles),
            }
            for member in known
        ],
    }
    path = state_dir / "identity.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(document))


def issue_token(identity_url: str, user: str) -> str:
    """Log in with PASSWORD, scoped to the project with the user's name; return the token."""
    domain = {"id": "default"}
    credentials = {"name": user, "domain": domain, "password": PASSWORD}
    scope = {"project": {"name": user, "domain": domain}}
    identity = {"methods": ["password"], "password": {"user": credentials}}
    return request_token(identity_url, {"identity": identity, "scope": scope})


def request_token(identity_url: str, auth: Mapping[str, Any]) -> str:
    """Log in with `auth`, the object of that name in POST /v3/auth/tokens; return the token."""
    url = urlsplit(identity_url)
    response = request(
        (str(url.hostname), int(url.port or 80)),
        "POST",
        f"{url.path}/v3/auth/tokens",
        {"Content-Type": "application/json"},
        json.dumps({"auth": auth}).encode(),
    )
    token = response.header("X-Subject-Token")
    assert response.status == 201, str(response)
    assert token, str(response)
    return token
