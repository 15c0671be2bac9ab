"""GatewayPair: two gateways in front of one Glance; one of them reads Glance's database.

Both get the same requests with the same tokens, so that their responses can be compared.
"""

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple, Self

from tests.peers.configuration import nova_conf
from tests.peers.glance_databases import GlanceDatabase
from tests.peers.peer_cloud import PeerCloud
from tests.support.cloud import PASSWORD, Member, request_token
from tests.support.http import Response, request
from tests.support.process import GlimpseProcess

_HOST = ("Host", "compute.example")  # in the links of both
# The date of the last change of an image without one. The rows have dates of 2024.
_PRESENT = re.compile(rb'"(?!2024)20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"')
_NOT_COMPARED = frozenset(("date", "x-openstack-request-id", "x-compute-request-id"))


class PairedRequest(NamedTuple):
    """A request of a user; `target` is the path and the query. A body is sent as JSON.

    `version` is the microversion that it names; None for no such header.
    """

    user: str
    method: str
    target: str
    body: Any = None
    version: str | None = None

    def headers(self, token: str) -> list[tuple[str, str]]:
        """Return its headers, with the token of the user."""
        headers = [_HOST, ("X-Auth-Token", token)]
        if self.version is not None:
            headers.append(("X-OpenStack-Nova-API-Version", self.version))
        if self.body is not None:
            headers.append(("Content-Type", "application/json"))
        return headers

    @property
    def payload(self) -> bytes | None:
        """Its body in bytes; None without one."""
        return None if self.body is None else json.dumps(self.body).encode()


class ResponsePair(NamedTuple):
    """The responses through Glance's API and from its database."""

    api: Response
    database: Response

    @property
    def is_equal(self) -> bool:
        """True if status, body and headers are the same."""
        return _comparable(self.api) == _comparable(self.database)

    def __str__(self) -> str:
        return f"through Glance's API:\n{self.api}\n\nfrom its database:\n{self.database}\n"


def _comparable(response: Response) -> tuple[int, Sequence[tuple[str, str]], object]:
    """Return the status, the headers sorted by name, and the body's document or its bytes.

    The order of the keys of an object may differ.
    """
    headers = sorted((name.lower(), value) for name, value in response.headers)
    kept = [header for header in headers if header[0] not in _NOT_COMPARED]
    body = _PRESENT.sub(b'"now"', response.body)
    try:
        return response.status, kept, json.loads(body)
    except ValueError:
        return response.status, kept, body


class GatewayPair:
    """The gateways `api`, which asks Glance, and `database`, which reads its database."""

    def __init__(
        self,
        peers: PeerCloud,
        gateways: tuple[GlimpseProcess, GlimpseProcess],
        tokens: Mapping[str, str],
    ) -> None:
        self.peers = peers
        self.api, self.database = gateways
        self._tokens = tokens

    @classmethod
    @contextmanager
    def start(
        cls, peers: PeerCloud, database: GlanceDatabase, members: Iterable[Member]
    ) -> Iterator[Self]:
        """Create the users, and run both gateways; that of the database has two workers."""
        known = list(members)
        peers.add_members(known)
        database.grant_reads()
        with ExitStack() as running:
            gateways = (
                running.enter_context(_gateway(peers, "api", "", 1)),
                running.enter_context(_gateway(peers, "database", database.gateway_options, 2)),
            )
            tokens = {member.name: _issue_token(peers, member) for member in known}
            yield cls(peers, gateways, tokens)

    def send(self, sent: PairedRequest) -> ResponsePair:
        """Send a request to both gateways."""
        return ResponsePair(self.send_to(self.api, sent), self.send_to(self.database, sent))

    def send_to(self, gateway: GlimpseProcess, sent: PairedRequest) -> Response:
        """Send a request to one of the gateways."""
        headers = sent.headers(self._tokens[sent.user])
        return request(gateway.address, sent.method, sent.target, headers, sent.payload)

    def commands(self, sent: PairedRequest) -> str:
        """Return the commands that repeat a request to both while they run (`pytest --pdb`)."""
        method = ["--head"] if sent.method == "HEAD" else ["-X", sent.method]
        lines = [f"{name}: {value}" for name, value in sent.headers(self._tokens[sent.user])]
        options = [*method, *(part for line in lines for part in ("-H", line))]
        if sent.payload is not None:
            options += ["--data-raw", sent.payload.decode()]
        return "\n".join(
            shlex.join(["curl", "-isg", *options, f"{gateway.base_url}{sent.target}"])
            for gateway in (self.api, self.database)
        )

    def difference(self, sent: PairedRequest) -> str | None:
        """Send a request to both gateways.

        Return a text with the request and both responses if they differ; None if not.
        """
        responses = self.send(sent)
        return None if responses.is_equal else f"{sent}\n{self.commands(sent)}\n\n{responses}"

    def differences(self, requests: Iterable[PairedRequest]) -> list[str]:
        """Send requests to both gateways; return a text for each whose responses differ."""
        found = (self.difference(sent) for sent in requests)
        return [text for text in found if text is not None]


@contextmanager
def _gateway(peers: PeerCloud, name: str, section: str, workers: int) -> Iterator[GlimpseProcess]:
    state_dir = peers.directory / f"gateway-{name}" / "state"
    state_dir.mkdir(parents=True)
    conf = state_dir.parent / "nova.conf"
    more = f"endpoint_override = {peers.image_url}\n{section}"
    conf.write_text(nova_conf(peers.identity_url, more))
    arguments = ["--config-file", str(conf), "--workers", str(workers)]
    with GlimpseProcess(state_dir, arguments=arguments) as process:
        yield process


def _issue_token(peers: PeerCloud, member: Member) -> str:
    """Return a token for the member's project, or for the system if it has roles only there."""
    credentials = {"name": member.name, "domain": {"id": "default"}, "password": PASSWORD}
    identity = {"methods": ["password"], "password": {"user": credentials}}
    scope = {"project": {"id": member.project_id}} if member.roles else {"system": {"all": True}}
    return request_token(peers.identity_url, {"identity": identity, "scope": scope})
