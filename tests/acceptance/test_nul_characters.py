"""NUL characters in requests to the Compute API: the same response in both modes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.conftest import OWNER
from tests.peers.peer_gateway import PeerGateway
from tests.support.cloud import Cloud, EmbeddedCloud, seed_identity
from tests.support.gateway import SERVICE, gateway
from tests.support.process import GlimpseProcess

MODES = ("embedded", "gateway", pytest.param("peers", marks=pytest.mark.peers))
FILTERS = (
    *("name=%00", "name=a%00b", "name=in:a,%00", "name=eq:%00", "name=x&name=%00"),
    *("status=%00", "status=ACTIVE%00", "status=in:ACTIVE,%00", "type=%00"),
    *("server=%00", "server=http://host/v2.1/servers/%00", "minRam=%00", "minDisk=1%00"),
    *("changes-since=%00", "limit=1%00", "page_size=%00", "offset=%00"),
    *("marker=%00", "marker=22578ad2-a9a0-54d7-9e43-6d3b7ac060e9%00", "property-marker=%00"),
    *("property-os_distro=%00", "property-%00=a", "property-os%00distro=a", "property-name=%00"),
    *("property-id=%00", "property-owner=%00", "property-checksum=%00", "property-tag=%00"),
    *("property-disk_format=%00", "property-visibility=%00", "property-sort=%00"),
    *("property-min_ram=%00", "property-size=%00", "property-deleted=%00"),
)


@pytest.fixture(scope="module", params=MODES)
def cloud(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cloud]:
    """The embedded services, a gateway in front of them, and one in front of real services."""
    directory: Path = tmp_path_factory.mktemp("nul")
    if request.param == "peers":
        with PeerGateway.start_all(directory / "peers", [OWNER]) as real:
            yield real
        return
    seed_identity(directory / "state", [OWNER, SERVICE])
    with GlimpseProcess(directory / "state") as process:
        embedded = EmbeddedCloud(process)
        if request.param == "embedded":
            yield embedded
            return
        glance = {"glance": {"api_servers": f"{process.base_url}/image"}}
        with gateway(directory / "gateway", embedded, glance) as started:
            yield started


@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize("path", ["/v2.1/images", "/v2/images/detail"])
def test_a_list_filtered_by_a_nul_character_is_refused(
    cloud: Cloud, path: str, filters: str
) -> None:
    response = cloud.request("owner", "GET", f"{path}?{filters}")
    assert (response.status, response.fault) == (400, "badRequest"), str(response)
    message = response.json()["badRequest"]["message"]
    name = filters.rpartition("&")[2].partition("=")[0].replace("%00", "\0")
    assert message.startswith(f"Invalid input for query parameters {name}. Value: "), message
    is_number = name in ("limit", "page_size", "offset")
    assert is_number or message.endswith("It may not contain a NUL character."), message


@pytest.mark.parametrize("query", ["unknown=%00", "%00=%00", "sort_key=%00", "tag=%00"])
def test_a_nul_character_in_an_unknown_parameter_is_ignored(cloud: Cloud, query: str) -> None:
    response = cloud.request("owner", "GET", f"/v2.1/images?{query}")
    assert response.status == 200, str(response)


@pytest.mark.parametrize(
    "path", ["/images/%00", "/images/%00/metadata", "/images/%00/metadata/a", "/images/a%00b"]
)
def test_an_id_with_a_nul_character_is_not_found(cloud: Cloud, path: str) -> None:
    response = cloud.request("owner", "GET", f"/v2.1{path}")
    assert (response.status, response.fault) == (404, "itemNotFound"), str(response)
