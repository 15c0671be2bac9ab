"""Two Glances of which one fails: requests succeed, and the failing one gets few of them."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from tests.gateway.conftest import TIMEOUT, image_document
from tests.support.cloud import EmbeddedCloud
from tests.support.fault_proxy import Fault, FaultProxy, respond_with
from tests.support.gateway import GatewayCloud, gateway
from tests.support.http import Response
from tests.support.process import wait_until

IMAGE = image_document("one image of two Glances")
LONG_TIMEOUT = 16  # seconds for which requests wait for a Glance that hangs
MAX_TRIES = 3  # of the failing Glance, which is in backoff for ten seconds after each


@pytest.fixture
def glances(backend: EmbeddedCloud) -> Iterator[tuple[FaultProxy, FaultProxy]]:
    backend.put_images([IMAGE])
    with FaultProxy(backend.address) as one, FaultProxy(backend.address) as other:
        yield one, other


@pytest.fixture
def cloud(
    backend: EmbeddedCloud, glances: tuple[FaultProxy, FaultProxy], tmp_path: Path
) -> Iterator[GatewayCloud]:
    urls = ",".join(f"{glance.base_url}/image" for glance in glances)
    options = {"api_servers": urls, "timeout": TIMEOUT, "first_byte_timeout": 1}
    with gateway(tmp_path / "gateway", backend, {"glance": options}) as cloud:
        yield cloud


def test_hanging_server_does_not_delay_requests_to_the_other(
    backend: EmbeddedCloud, glances: tuple[FaultProxy, FaultProxy], tmp_path: Path
) -> None:
    """Requests to the hanging server use all connections that a server may have."""
    bad, good = glances
    urls = ",".join(f"{glance.base_url}/image" for glance in glances)
    options = {"api_servers": urls, "first_byte_timeout": LONG_TIMEOUT}
    with (
        gateway(tmp_path / "waiting", backend, {"glance": options}) as cloud,
        ThreadPoolExecutor(500) as pool,
    ):
        show = f"/v2.1/images/{IMAGE['id']}"
        assert cloud.request("owner", "GET", show).status == 200
        bad.fail(Fault("hang"))
        many = [pool.submit(cloud.request, "owner", "GET", show) for _ in range(400)]
        try:
            wait_until(
                lambda: bad.open_connections == 100,
                "not all connections to the hanging server are in use",
            )
            wait_until(
                lambda: sum(each.done() for each in many) == 200,
                "half of the requests do not succeed",
            )
            good.refuse()  # close idle connections, so that new ones are needed
            good.restore()
            more = [pool.submit(cloud.request, "owner", "GET", show) for _ in range(40)]
            wait_until(
                lambda: sum(each.done() for each in more) >= 15,
                "requests to the other server wait as well",
                seconds=LONG_TIMEOUT / 2,
            )
        finally:
            bad.restore()
        assert {each.result().status for each in many + more} == {200}


@pytest.mark.parametrize(
    "fault",
    [Fault("hang"), Fault("reset", 1500), respond_with(503, b"busy"), None],
    ids=["hangs", "resets", "is busy", "is dead"],
)
def test_one_of_two_servers_is_enough(
    cloud: GatewayCloud, glances: tuple[FaultProxy, FaultProxy], fault: Fault | None
) -> None:
    bad, good = glances
    if fault:
        bad.fail(fault)
    else:
        bad.refuse()
    show = f"/v2.1/images/{IMAGE['id']}"
    responses = [cloud.request("owner", "GET", show) for _ in range(20)]
    for number in range(5):
        body = json.dumps({"meta": {"key": str(number)}}).encode()
        responses.append(cloud.request("owner", "PUT", f"{show}/metadata/key", body))
    assert [str(response) for response in responses if response.status != 200] == []
    assert bad.requests <= MAX_TRIES
    assert good.requests >= 25


class Patches(list[bytes]):
    """The PATCH requests that a Glance has received; `fault` is injected in their responses."""

    def __init__(self, glance: FaultProxy, fault: Fault) -> None:
        super().__init__()
        glance.fail(fault, when=self._record)

    def _record(self, request: bytes) -> bool:
        if request.startswith(b"PATCH"):
            self.append(request)
        return request.startswith(b"PATCH")


def write(cloud: GatewayCloud, number: int) -> Response:
    """Set a key; read the image first if `number` is odd.

    Thus the next server in turn for a write is not always the same.
    """
    show = f"/v2.1/images/{IMAGE['id']}"
    if number % 2:
        assert cloud.request("owner", "GET", show).status == 200
    body = json.dumps({"meta": {"key": uuid4().hex}}).encode()
    return cloud.request("owner", "PUT", f"{show}/metadata/key", body)


@pytest.mark.parametrize("fault", [Fault("close"), respond_with(503, b"")], ids=["closes", "503"])
def test_failed_write_is_sent_to_the_other_server(
    cloud: GatewayCloud, glances: tuple[FaultProxy, FaultProxy], fault: Fault
) -> None:
    failed = Patches(glances[0], fault)
    assert {write(cloud, number).status for number in range(4)} == {200}
    assert len(failed) >= 1


@pytest.mark.parametrize("fault", [Fault("hang"), respond_with(504, b"")], ids=["hangs", "504"])
def test_write_that_may_be_in_progress_is_not_sent_to_the_other_server(
    cloud: GatewayCloud, glances: tuple[FaultProxy, FaultProxy], fault: Fault
) -> None:
    """The second write would be acknowledged; the late first one would undo writes after it."""
    failed = Patches(glances[0], fault)
    responses = [write(cloud, number) for number in range(4)]
    assert [response.status for response in responses].count(503) == len(failed) >= 1
