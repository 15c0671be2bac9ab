"""Cloud: a running Identity API with the users of a first start, and a client of it."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from glimpse.http.service_urls import IDENTITY_PATH, ServicePorts
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity_api.routes import identity_api
from tests.identity.clock import ManualClock
from tests.support.embedded import open_identity
from tests.support.process import free_port, wait_until


class Cloud:
    """An Identity API at ``base_url``/identity, and the EmbeddedIdentity that it serves."""

    def __init__(self, identity: EmbeddedIdentity, clock: ManualClock, port: int) -> None:
        self.identity = identity
        self.clock = clock
        self.base_url = f"http://127.0.0.1:{port}"
        self.url = f"{self.base_url}/identity/v3"

    @property
    def directory(self) -> Directory:
        return self.identity.identity_file.current

    def password(self, user: str) -> str:
        found = self.directory.user(name=user)
        assert found is not None
        assert found.password is not None
        return found.password

    def login(self, user: str = "demo", **scope: Any) -> requests.Response:
        """Log in with the user's password, to the project of that name unless `scope` is given."""
        domain = {"id": "default"}
        credentials = {"name": user, "domain": domain, "password": self.password(user)}
        identity = {"methods": ["password"], "password": {"user": credentials}}
        auth = {"identity": identity, "scope": {"project": {"name": user, "domain": domain}}}
        return self.post({"auth": auth | scope})

    def token(self, user: str = "demo") -> str:
        response = self.login(user)
        assert response.status_code == 201, response.text
        return response.headers["X-Subject-Token"]

    def post(self, document: Any, query: str = "") -> requests.Response:
        return requests.post(f"{self.url}/auth/tokens{query}", json=document, timeout=20)

    def send(self, method: str, path: str, token: str, **more: Any) -> requests.Response:
        headers = {"X-Auth-Token": token} | more.pop("headers", {})
        return requests.request(method, self.url + path, headers=headers, timeout=20, **more)

    def credentials_path(self, user: str = "demo") -> str:
        found = self.directory.user(name=user)
        assert found is not None
        return f"/users/{found.id}/application_credentials"

    def create_credential(self, token: str, **values: Any) -> requests.Response:
        document = {"application_credential": {"name": "robot"} | values}
        return self.send("POST", self.credentials_path(), token, json=document)

    def list_credentials(self, token: str) -> list[dict[str, Any]]:
        response = self.send("GET", self.credentials_path(), token)
        assert response.status_code == 200, response.text
        found: list[dict[str, Any]] = response.json()["application_credentials"]
        return found


def message_of(response: requests.Response) -> str:
    """Return the message of an error of the Identity API; fail if it is malformed."""
    error = response.json()["error"]
    assert set(error) == {"code", "title", "message"}
    assert error["code"] == response.status_code
    return str(error["message"])


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    clock = ManualClock(time.time())
    identity = open_identity(tmp_path / "state", clock=clock)
    cloud = Cloud(identity, clock, free_port())
    port = int(cloud.base_url.rpartition(":")[2])
    app = mounted(identity_api(identity), cloud.base_url)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started, "the server does not start")
    yield cloud
    server.should_exit = True
    thread.join()
    asyncio.run(identity.close())


def mounted(app: ASGIApp, base_url: str) -> ASGIApp:
    """Mount `app` at /identity and set its base URL, as Glimpse's middleware does."""

    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        inner = {
            "root_path": IDENTITY_PATH,
            "glimpse.base_url": base_url + IDENTITY_PATH,
            "glimpse.service_urls": ServicePorts(8774).urls(base_url, None),
        }
        await app({**scope, **inner}, receive, send)

    return outer
