"""DifferentialClouds: a real Keystone and Glance, and embedded services in the same state."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import quote, urlsplit

from tests.differential.api_request import ApiRequest, substitute
from tests.differential.base_images import BASE_IMAGES, MEMBERS
from tests.peers.configuration import OPERATOR, SERVICE_PROJECT, SERVICE_USERS
from tests.peers.glance_tables import put_images
from tests.peers.peer_cloud import PeerCloud
from tests.support.cloud import PASSWORD, EmbeddedCloud, Member, request_token, seed_identity
from tests.support.http import Response, request
from tests.support.process import GlimpseProcess

_DOMAIN = {"id": "default"}
# Those that Keystone's bootstrap and PeerCloud create in the real Keystone
_SERVICES = (
    Member(OPERATOR, f"{0xD:032x}", ("admin",)),
    *(Member(name, f"{0xE:032x}", ("service",), SERVICE_PROJECT) for name in SERVICE_USERS),
)
_SYSTEM_ADMINS = ("admin", OPERATOR)


@dataclass
class CloudSide:
    """One of the two clouds: the URLs of its APIs, and the values of placeholders.

    The placeholders are ``user:NAME``, ``project:NAME``, ``role:NAME``, ``token:CALLER``, and what
    requests have saved. The values of one scenario are forgotten when the next one starts.
    """

    image_url: str
    identity_url: str
    compute_url: str
    values: dict[str, str] = field(default_factory=dict)
    saved: dict[str, str] = field(default_factory=dict)

    def value_of(self, name: str) -> str:
        """Return the value of a placeholder. The first use of ``token:CALLER`` logs the caller in.

        For a placeholder without a value, returns a text that names it: ``missing-...``.
        """
        if name in self.saved:
            return self.saved[name]
        if name not in self.values and name.startswith("token:"):
            self.values[name] = self.login(name.partition(":")[2])
        return self.values.get(name, f"missing-{name.replace(':', '-')}")

    def login(self, caller: str) -> str:
        """Return a new token of a caller: a member in its project, or with another scope.

        ``unscoped:NAME``, ``domain:NAME`` and ``system:NAME`` have other scopes. If the login
        fails, the token is an invalid one.
        """
        kind, _, name = caller.rpartition(":")
        credentials = {"name": name, "domain": _DOMAIN, "password": PASSWORD}
        methods = {"methods": ["password"], "password": {"user": credentials}}
        scopes: dict[str, Any] = {
            "": {"scope": {"project": {"id": self.values.get(f"project:{name}", "none")}}},
            "unscoped": {"scope": "unscoped"},
            "domain": {"scope": {"domain": _DOMAIN}},
            "system": {"scope": {"system": {"all": True}}},
        }
        try:
            return request_token(self.identity_url, {"identity": methods, **scopes[kind]})
        except AssertionError:
            return f"no-token-of-{name}"

    def send(self, wanted: ApiRequest) -> Response:
        """Send a request with this cloud's values of placeholders; save values of its response."""
        url = self.image_url if wanted.api == "image" else self.identity_url
        parts = urlsplit(url)
        path = substitute(wanted.path, lambda name: quote(self.value_of(name), safe="$"))
        headers = {
            name: substitute(value, self.value_of) for name, value in wanted.sent_headers().items()
        }
        if wanted.user == "invalid":
            headers["X-Auth-Token"] = "gAAAAABnonsense"
        elif wanted.user is not None:
            headers["X-Auth-Token"] = self.value_of(f"token:{wanted.user}")
        body = wanted.payload()
        if body is not None:
            body = substitute(body.decode("latin-1"), self.value_of).encode("latin-1")
        address = (str(parts.hostname), parts.port or 80)
        response = request(address, wanted.method, parts.path + path, headers, body)
        for name, place in wanted.saves.items():
            found = _found(response, place)
            if found is not None:
                self.saved[name] = found
        return response

    def collect_ids(self) -> None:
        """Set the placeholders of users, projects and roles."""
        for member in MEMBERS:  # who log in by the id of their project
            self.values[f"project:{member.name}"] = member.project_id
        token = self.value_of("token:admin")
        for kind in ("users", "roles", "projects"):
            parts = urlsplit(self.identity_url)
            address = (str(parts.hostname), parts.port or 80)
            path = f"{parts.path}/v3/{kind}"
            for entry in request(address, "GET", path, {"X-Auth-Token": token}).json()[kind]:
                self.values[f"{kind[:-1]}:{entry['name']}"] = entry["id"]


def _found(response: Response, place: str) -> str | None:
    """Return the text at `place` of a response: ``header:NAME``, or members of its document."""
    if place.startswith("header:"):
        return response.header(place.partition(":")[2])
    try:
        found = json.loads(response.body)
        for name in place.split("."):
            found = found[int(name) if name.isdigit() else name]
    except (ValueError, KeyError, IndexError, TypeError):
        return None
    return str(found)


class ResponsePair(NamedTuple):
    """The responses of the real service and of the embedded one to the same request."""

    real: Response
    embedded: Response


class DifferentialClouds(NamedTuple):
    """Both clouds, running."""

    real: CloudSide
    embedded: CloudSide

    @classmethod
    @contextmanager
    def start(cls, directory: Path) -> Iterator[Self]:
        """Run both with the same users and images, with all files in `directory`."""
        _seed_identity(directory / "state")
        with (
            PeerCloud.start(directory / "peers", threads=1) as peers,
            GlimpseProcess(directory / "state") as process,
        ):
            peers.add_members(MEMBERS)
            peers.identity.grant_system_role("admin", "admin")
            peers.identity.grant_domain_role("admin", "admin")
            with peers.glance_tables() as glance:
                put_images(glance, BASE_IMAGES)
            embedded = EmbeddedCloud(process)
            embedded.put_images(BASE_IMAGES)
            sides = cls(
                CloudSide(peers.image_url, peers.identity_url, peers.compute_url),
                CloudSide(
                    embedded.image_url_at(process.base_url), embedded.identity_url, process.base_url
                ),
            )
            for side in sides:
                side.collect_ids()
            yield sides

    def begin_scenario(self) -> None:
        """Forget what the requests of the scenario before have saved."""
        for side in self:
            side.saved.clear()

    def send(self, wanted: ApiRequest) -> ResponsePair:
        """Send a request to both at the same time."""
        with ThreadPoolExecutor(1) as thread:
            real = thread.submit(self.real.send, wanted)
            embedded = self.embedded.send(wanted)
            return ResponsePair(real.result(), embedded)


def _seed_identity(state_dir: Path) -> None:
    """Write the identity file of the embedded services, with the users of the real Keystone."""
    seed_identity(state_dir, [*MEMBERS, *_SERVICES])
    path = state_dir / "identity.json"
    document = json.loads(path.read_text())
    for user in document["users"]:
        if user["name"] in _SYSTEM_ADMINS:
            user["system_roles"] = ["admin"]
        if user["name"] == "admin":
            user["domain_roles"] = {"default": ["admin"]}
    for project in document["projects"]:
        if project["name"] == OPERATOR:
            project["description"] = "Bootstrap project for initializing the cloud."
    domain = {"id": "default", "name": "Default", "description": "The default domain"}
    path.write_text(json.dumps({**document, "domains": [domain]}))
