"""The gateway that reads Glance's database gives the responses of the one that asks Glance.

Both are in front of the same real Keystone and Glance, on MariaDB and on PostgreSQL.
"""

from collections.abc import Iterator

import pytest

from tests.peers.conftest import OWNER
from tests.peers.gateway_pair import GatewayPair, PairedRequest, ResponsePair
from tests.peers.glance_databases import start_mariadb, start_postgresql
from tests.peers.glance_tables import put_images
from tests.peers.image_queries import ImageQueries
from tests.peers.odd_images import USERS, Document, image_id, make_images, put_odd_images
from tests.peers.peer_cloud import PeerCloud
from tests.support.http import Response

pytestmark = pytest.mark.peers
REQUESTS = 50  # of each seed
WRITES = 60
Compared = tuple[GatewayPair, list[Document]]


@pytest.fixture(scope="module", params=[start_mariadb, start_postgresql])
def compared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Compared]:
    """Both gateways, and the images that they serve."""
    directory = tmp_path_factory.mktemp("answers")
    with (
        request.param(directory) as database,
        PeerCloud.start(directory / "peers", database=database) as peers,
        GatewayPair.start(peers, database, USERS) as pair,
    ):
        images = make_images(database.dialect)
        put_odd_images(peers, images)
        yield pair, images


def check(pair: GatewayPair, requests: list[PairedRequest]) -> None:
    found = pair.differences(requests)
    assert not found, f"{len(found)} of {len(requests)} responses differ:\n" + "\n".join(found[:20])


@pytest.mark.parametrize("path", ["/images", "/images/detail"])
def test_every_user_gets_the_list_that_glance_gives(path: str, compared: Compared) -> None:
    pair, _ = compared
    check(pair, [PairedRequest(user.name, "GET", f"/v2.1{path}") for user in USERS])


@pytest.mark.parametrize("user", [user.name for user in USERS])
def test_every_user_gets_each_image_that_glance_gives(user: str, compared: Compared) -> None:
    pair, images = compared
    paths = [f"/v2.1/images/{image_id(number)}" for number in range(len(images))]
    check(pair, [PairedRequest(user, "GET", path) for path in paths])


@pytest.mark.parametrize("seed", range(10))
def test_generated_requests_get_the_responses_of_glance(seed: int, compared: Compared) -> None:
    pair, images = compared
    queries = ImageQueries(images, seed)
    check(pair, [queries.next_request() for _ in range(REQUESTS)])


def test_generated_writes_get_the_responses_of_glance_and_are_seen_at_once(
    compared: Compared,
) -> None:
    """Each gateway writes to an image of its own; the reads go through either worker."""
    pair, images = compared
    queries = ImageQueries(images, seed=WRITES)
    twins = (image_id(0xA01), image_id(0xA02))
    document = {**images[-1], "owner": OWNER.project_id}
    with pair.peers.glance_tables() as tables:
        put_images(tables, [{**document, "id": twin} for twin in twins])
    for _ in range(WRITES):
        sent = queries.next_write(twins[0])
        twin = sent._replace(target=sent.target.replace(twins[0], twins[1]))
        responses = [pair.send_to(pair.api, sent), pair.send_to(pair.database, twin)]
        assert ResponsePair(responses[0], _with_id(responses[1], *twins)).difference() is None, (
            f"{sent}\n{responses[0]}\n{responses[1]}"
        )
        check(pair, [PairedRequest("owner", "GET", f"/v2.1/images/{twin}") for twin in twins])


def _with_id(response: Response, new: str, old: str) -> Response:
    """Return the response with the id `new` in place of `old`, which has the same length."""
    headers = tuple((name, value.replace(old, new)) for name, value in response.headers)
    body = response.body.replace(old.encode(), new.encode())
    return Response(response.status, headers, body)
