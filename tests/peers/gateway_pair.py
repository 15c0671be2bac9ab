"""GatewayPair: two gateways in front of one Glance; one of them reads Glance's database.

Both get the same requests with the same tokens, so that their responses can be compared.
"""

import json
import re
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
    """A request of a user; `target` is the path and the query. A body is sent as JSON."""

    user: str
    method: str
    target: str
    body: Any = None


class ResponsePair(NamedTuple):
    """The responses through Glance's API and from its database."""

    api: Response
    database: Response

    def difference(self) -> str | None:
        """Return both responses as text if status, body or headers differ; None if not."""
        if _comparable(self.api) == _comparable(self.database):
            return None
        return f"through Glance's API:\n{self.api}\n\nfrom its database:\n{self.database}\n"


def _comparable(response: Response) -> tuple[int, Sequence[tuple[str, str]], object]:
    """Return the status, the headers in the order of names, and the body's document, or its bytes.

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
        section = f"[glance_database]\nconnection = {database.reader_url}\nfallback = refuse"
        with ExitStack() as running:
            gateways = (
                running.enter_context(_gateway(peers, "api", "", 1)),
                running.enter_context(_gateway(peers, "database", section, 2)),
            )
            tokens = {member.name: _issue_token(peers, member) for member in known}
            yield cls(peers, gateways, tokens)

    def send(self, sent: PairedRequest) -> ResponsePair:
        """Send a request to both gateways."""
        return ResponsePair(self.send_to(self.api, sent), self.send_to(self.database, sent))

    def send_to(self, gateway: GlimpseProcess, sent: PairedRequest) -> Response:
        """Send a request to one of the gateways."""
        headers = [_HOST, ("X-Auth-Token", self._tokens[sent.user])]
        body = None
        if sent.body is not None:
            headers.append(("Content-Type", "application/json"))
            body = json.dumps(sent.body).encode()
        return request(gateway.address, sent.method, sent.target, headers, body)

    def differences(self, requests: Iterable[PairedRequest]) -> list[str]:
        """Send requests to both gateways; return a text for each whose responses differ."""
        found = []
        for sent in requests:
            difference = self.send(sent).difference()
            if difference is not None:
                found.append(f"{sent}\n{difference}")
        return found


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
