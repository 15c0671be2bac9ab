"""Tests that a gateway that reads Glance's database responds as one that asks Glance does.

A module for each kind of database runs them (test_*_responses.py), so that they run in parallel.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal, Self

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.acceptance.tenancy import OPERATIONS, OUTCOMES, Operation, expected_status
from tests.peers.conftest import OWNER
from tests.peers.gateway_pair import GatewayPair, PairedRequest, ResponsePair
from tests.peers.glance_databases import GlanceDatabase, start_mariadb, start_postgresql
from tests.peers.glance_tables import put_images
from tests.peers.image_requests import reads, writes
from tests.peers.odd_images import USERS, Document, image_id, make_images, put_odd_images
from tests.peers.peer_cloud import PeerCloud
from tests.peers.tenancy_images import KINDS, TENANTS, TenancyImages
from tests.support.http import Response

SEED = os.environ.get("SEED") or "1"  # SEED=2 generates other requests
READS = 900  # requests for each kind of database, of which there are three
WRITES = 15  # lists of requests
TWINS = (image_id(0xA01), image_id(0xA02))  # written through Glance's API, and from the database's
DatabaseKind = Literal["mariadb", "utf8mb4", "postgresql"]
_START: Mapping[DatabaseKind, Callable[[Path], AbstractContextManager[GlanceDatabase]]] = {
    "mariadb": start_mariadb,  # with the tables that Glance makes
    "utf8mb4": partial(start_mariadb, utf8mb4=True),  # whose tables have been converted
    "postgresql": start_postgresql,
}
_generated = settings(
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow],  # a write takes two requests to Glance
)


@dataclass(frozen=True)
class ComparedGateways:
    """Both gateways, and the images of `odd_images` that they serve."""

    pair: GatewayPair
    images: list[Document] = field(repr=False)

    @classmethod
    @contextmanager
    def start(cls, directory: Path, database: GlanceDatabase) -> Iterator[Self]:
        """Run both gateways in front of a Glance whose `database` is empty so far."""
        users = {user.name: user for user in (*USERS, *TENANTS.values())}
        with PeerCloud.start(directory / "peers", database=database) as peers:
            database.convert_tables()
            with GatewayPair.start(peers, database, users.values()) as pair:
                images = make_images(four_bytes=database.has_four_bytes)
                put_odd_images(peers, images)
                yield cls(pair, images)

    def check(self, requests: list[PairedRequest]) -> None:
        """Fail with each request to whose responses differ."""
        found = self.pair.differences(requests)
        assert not found, f"{len(found)} of {len(requests)} differ:\n" + "\n".join(found[:20])

    def put_twins(self, first: Document) -> None:
        """Write `first`, and a copy of it with the other one of TWINS as its id."""
        with self.pair.peers.glance_tables() as tables:
            put_images(tables, [{**first, "id": twin} for twin in TWINS])

    def send_to_twins(self, sent: PairedRequest, twins: tuple[str, str]) -> ResponsePair:
        """Send a request that names the first of `twins`, and to the database's the second one.

        The response of the database's has the first id in place of the second one.
        """
        twin = sent._replace(target=sent.target.replace(*twins))
        response = self.pair.send_to(self.pair.api, sent)
        other = self.pair.send_to(self.pair.database, twin)
        return ResponsePair(response, _with_id(other, *twins))


def _with_id(response: Response, new: str, old: str) -> Response:
    """Return the response with the id `new` in place of `old`, which has the same length."""
    headers = tuple((name, value.replace(old, new)) for name, value in response.headers)
    body = response.body.replace(old.encode(), new.encode())
    return Response(response.status, headers, body)


class ComparedResponses:
    """The tests. A subclass has its kind of database: each gets other generated requests."""

    kind: DatabaseKind

    @pytest.fixture(scope="class")
    @classmethod
    def compared(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComparedGateways]:
        directory = tmp_path_factory.mktemp(cls.kind)
        with (
            _START[cls.kind](directory) as database,
            ComparedGateways.start(directory, database) as compared,
        ):
            yield compared

    @pytest.mark.parametrize("path", ["/images", "/images/detail"])
    def test_every_user_gets_the_list_that_glance_gives(
        self, path: str, compared: ComparedGateways
    ) -> None:
        compared.check([PairedRequest(user.name, "GET", f"/v2.1{path}") for user in USERS])

    @pytest.mark.parametrize("user", [user.name for user in USERS])
    def test_every_user_gets_each_image_that_glance_gives(
        self, user: str, compared: ComparedGateways
    ) -> None:
        paths = [f"/v2.1/images/{image_id(number)}" for number in range(len(compared.images))]
        compared.check([PairedRequest(user, "GET", path) for path in paths])

    def test_generated_reads_get_the_responses_of_glance(self, compared: ComparedGateways) -> None:
        @seed(f"{SEED} {self.kind}")
        @settings(_generated, max_examples=READS)
        @given(sent=reads())
        def read(sent: PairedRequest) -> None:
            assert (difference := compared.pair.difference(sent)) is None, difference

        read()

    def test_generated_writes_get_the_responses_of_glance_and_are_seen_at_once(
        self, compared: ComparedGateways
    ) -> None:
        """Each gateway writes to an image of its own; the reads go through either worker."""

        @seed(f"{SEED} {self.kind}")
        @settings(_generated, max_examples=WRITES)
        @given(requests=st.lists(writes(TWINS[0]), min_size=1, max_size=6))
        def write(requests: list[PairedRequest]) -> None:
            compared.put_twins({**compared.images[0], "owner": OWNER.project_id})
            for sent in requests:
                responses = compared.send_to_twins(sent, TWINS)
                assert responses.is_equal, f"{sent}\n{compared.pair.commands(sent)}\n\n{responses}"
                compared.check([PairedRequest(OWNER.name, "GET", path) for path in paths])

        paths = [f"/v2.1/images/{twin}" for twin in TWINS]
        write()

    @pytest.mark.parametrize("tenant", TENANTS)
    def test_every_caller_may_do_with_each_image_what_glance_permits(
        self, tenant: str, compared: ComparedGateways
    ) -> None:
        with TenancyImages.create(compared.pair.peers, OPERATIONS) as images:
            for kind in KINDS:
                for operation in OPERATIONS:
                    _check_operation(compared, images, tenant, kind, operation)


def _check_operation(
    compared: ComparedGateways, images: TenancyImages, tenant: str, kind: str, operation: Operation
) -> None:
    """Compare the responses to an operation, each on an image of its own, and with the table."""
    twins = images.twins(kind, operation)
    sent = PairedRequest(
        TENANTS[tenant].name, operation.method, operation.target(twins[0]), operation.body
    )
    is_list = operation.needs == "L"
    responses = compared.pair.send(sent) if is_list else compared.send_to_twins(sent, twins)
    shown = f"{tenant}, {kind} image, {operation.name}:\n{sent}\n{responses}"
    assert responses.is_equal, shown
    if (tenant, kind) in OUTCOMES:
        assert responses.api.status == expected_status(operation, tenant, kind), shown
    if is_list and responses.api.status == 200:
        listed = {image["id"] for image in responses.api.json()["images"]}
        expected = OUTCOMES.get((tenant, kind))
        assert expected is None or (twins[0] in listed) == ("L" in expected), shown
