"""The clouds that are fuzzed: embedded services, without authentication, and two gateways."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from glimpse.embedded.servers.server_table import ServerTable
from glimpse.servers.server import STATES, Server
from tests.fuzz.cloud_state import CloudState
from tests.fuzz.grammar import EMBEDDED, GATEWAY, WITHOUT_IDENTITY
from tests.fuzz.random_source import RandomSource
from tests.fuzz.routes import Route
from tests.fuzz.values import odd_text, plain_text
from tests.peers.peer_gateway import PeerGateway
from tests.support.cloud import (
    PASSWORD,
    Cloud,
    EmbeddedCloud,
    Member,
    issue_token,
    request_token,
    seed_identity,
)
from tests.support.gateway import SERVICE, Sections, gateway
from tests.support.http import request
from tests.support.process import GlimpseProcess, free_port
from tests.support.servers import make_server

KINDS = ("embedded", "gateway", "noauth", "peers")
_MEMBERS = [
    Member("owner", f"{0xF1:032x}"),
    Member("other", f"{0xF2:032x}"),
    Member("admin", f"{0xF3:032x}", ("admin",)),
    Member("reader", f"{0xF4:032x}", ("reader",)),
    Member("stranger", f"{0xF5:032x}", ("service",)),  # a role that no policy of images names
]
_DATES = (
    "1970-01-01T00:00:00Z",
    "2024-02-01T10:20:30Z",
    "2038-01-19T03:14:08Z",
    "9999-12-31T23:59:59Z",
)
_USERS = (*(member.name for member in _MEMBERS), "unscoped", "credential")
_CONFIGURATION = """[metrics]
port = {port}
[oslo_middleware]
enable_proxy_headers_parsing = true
"""
_WITH_SERVERS = "[embedded]\nsnapshot_seconds = 0.1\n"
_MORE = {
    "embedded": _WITH_SERVERS,
    "gateway": "",
    "noauth": f"{_WITH_SERVERS}[api]\nauth_strategy = noauth\n",
}
_PLAIN = {"created_at": _DATES[0], "updated_at": _DATES[0], "owner": _MEMBERS[0].project_id}


class FuzzCloud(NamedTuple):
    """A running cloud, its routes, and the logs of each Glimpse in it."""

    kind: str
    cloud: Cloud
    metrics_port: int
    state: CloudState
    routes: tuple[Route, ...]
    logs: tuple[Path, ...]

    @property
    def is_gateway(self) -> bool:
        """True if responses depend on another service."""
        return self.kind in ("gateway", "peers")

    async def renew_images(self, rng: RandomSource, count: int) -> None:
        """Add images to the store, some with odd attributes; delete a gateway's oldest ones."""
        documents = [_document(rng, self.state) for _ in range(count)]
        await asyncio.to_thread(self.cloud.put_images, documents)
        self.state.images.extend(document["id"] for document in documents)
        if self.is_gateway:
            oldest = [self.state.images.popleft() for _ in range(len(self.state.images) - 150)]
            # Replace them first by images that are not protected, which can be deleted.
            plain = [{"id": image, "status": "queued", **_PLAIN} for image in oldest]
            await asyncio.to_thread(self.cloud.put_images, plain, absent=oldest)


@contextmanager
def start(kind: str, directory: Path, *, workers: int) -> Iterator[FuzzCloud]:
    """Run a cloud, one of KINDS, with all its files in `directory`."""
    port = free_port()
    directory.mkdir(parents=True, exist_ok=True)
    if kind == "peers":
        more = f"[metrics]\nport = {port}\n"
        with PeerGateway.start_all(directory / "peers", _MEMBERS, more) as peers:
            yield _fuzzed(kind, peers, port, (peers.process.log,))
        return
    state_dir = directory / "state"
    seed_identity(state_dir, [*_MEMBERS, SERVICE])
    conf = directory / "fuzz.conf"
    conf.write_text(_CONFIGURATION.format(port=0 if kind == "gateway" else port) + _MORE[kind])
    servers = [] if kind == "gateway" else _servers()
    if servers:
        ServerTable(state_dir).put(servers)
    arguments = ["--config-file", str(conf), "--workers", str(workers)]
    with GlimpseProcess(state_dir, arguments=arguments) as process:
        backend = EmbeddedCloud(process)
        if kind == "noauth":
            process.wait_until_served()  # LogChecks does not expect the addresses that it prints
            state = _noauth_state()
            state.servers.extend(server.id for server in servers)
            yield FuzzCloud(kind, backend, port, state, WITHOUT_IDENTITY, (process.log,))
            return
        if kind == "embedded":
            fuzzed = _fuzzed(kind, backend, port, (process.log,))
            fuzzed.state.servers.extend(server.id for server in servers)
            yield fuzzed
            return
        sections: Sections = {
            "glance": {"endpoint_override": backend.image_url_at(process.base_url)},
            "metrics": {"port": port},
            "oslo_middleware": {"enable_proxy_headers_parsing": True},
        }
        with gateway(directory / "gateway", backend, sections) as cloud:
            yield _fuzzed(kind, cloud, port, (cloud.process.log, process.log))


def _noauth_state() -> CloudState:
    """Return the state of a cloud in which each user's token names the user and a project."""
    tokens = {name: f"{name}:{name}" for name in _USERS}
    return CloudState(tokens, {name: name for name in _USERS}, "owner", checks_tokens=False)


def _servers() -> list[Server]:
    """Return servers of two projects: in each state, and of an image and of a volume."""
    owners = [(member.project_id, member.name) for member in _MEMBERS[:2]]
    owners += [(name, name) for name in _USERS[:2]]  # the projects of a cloud with noauth
    return [
        make_server(
            name=f"web-{status}",
            project_id=project_id,
            user_id=user,
            status=status,
            image_id=image_id,
            tags=("red",),
            created_at=_DATES[1],
        )
        for project_id, user in owners
        for status in STATES
        for image_id in (str(uuid.uuid4()), None)
    ]


def _fuzzed(kind: str, cloud: Cloud, port: int, logs: tuple[Path, ...]) -> FuzzCloud:
    tokens = {member.name: issue_token(cloud.identity_url, member.name) for member in _MEMBERS}
    owner = {"name": "owner", "domain": {"id": "default"}, "password": PASSWORD}
    identity = {"methods": ["password"], "password": {"user": owner}}
    auth = {"identity": identity, "scope": "unscoped"}
    tokens["unscoped"] = request_token(cloud.identity_url, auth)
    user_id = _user_id(cloud, tokens["owner"])
    tokens["credential"] = _credential_token(cloud, user_id, tokens["owner"])
    projects = {member.name: member.project_id for member in _MEMBERS}
    state = CloudState(tokens, projects, user_id)
    return FuzzCloud(kind, cloud, port, state, EMBEDDED if kind == "embedded" else GATEWAY, logs)


def _identity(cloud: Cloud, method: str, path: str, token: str, document: Any = None) -> Any:
    url = cloud.identity_url
    port, _, root = url.removeprefix("http://127.0.0.1:").partition("/")
    headers = {"X-Auth-Token": token, "X-Subject-Token": token, "Content-Type": "application/json"}
    body = json.dumps(document).encode() if document is not None else None
    target = f"/{root}/v3{path}".replace("//", "/")
    response = request(("127.0.0.1", int(port)), method, target, headers, body)
    assert response.status < 300, str(response)
    return response.json()


def _user_id(cloud: Cloud, token: str) -> str:
    document = _identity(cloud, "GET", "/auth/tokens", token)
    return str(document["token"]["user"]["id"])


def _credential_token(cloud: Cloud, user_id: str, token: str) -> str:
    """Return a token of an application credential of a user."""
    path = f"/users/{user_id}/application_credentials"
    document = {"application_credential": {"name": "fuzz"}}
    made = _identity(cloud, "POST", path, token, document)["application_credential"]
    proof = {"id": made["id"], "secret": made["secret"]}
    identity = {"methods": ["application_credential"], "application_credential": proof}
    return request_token(cloud.identity_url, {"identity": identity})


def _document(rng: RandomSource, state: CloudState) -> dict[str, Any]:
    """Return an image with odd attributes, such as old catalogs have."""
    properties = {f"p{n}": _text(rng) for n in range(rng.randint(0, 5))}
    if rng.chance(0.2):
        properties["mappings"] = rng.pick(('[{"virtual": "ami"}]', "[1,", '{"a": 1e400}', ""))
    if rng.chance(0.05):
        properties["large"] = "x" * 60_000
    return {
        **properties,
        "id": rng.uuid(),
        "name": _text(rng)[:200],
        "status": rng.pick(("active", "active", "queued", "killed", "deactivated")),
        "visibility": rng.pick(("private", "shared", "community", "public")),
        "owner": rng.pick([*state.projects.values()]),
        "protected": rng.chance(0.1),
        "os_hidden": rng.chance(0.05),
        "size": rng.pick((0, 1, 2**31 + 1, 2**40)),
        "min_ram": rng.pick((0, 1, 2**31 - 1)),
        "min_disk": rng.pick((0, 7)),
        "created_at": rng.pick(_DATES),
        "updated_at": rng.pick(_DATES),
        "key1": plain_text(rng),
    }


def _text(rng: RandomSource) -> str:
    """Return a text that a database can store."""
    found = odd_text(rng).encode(errors="replace").decode().replace("\0", "")
    return found[:2000] if rng.chance(0.5) else plain_text(rng)
