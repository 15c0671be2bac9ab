"""The flavors of a cloud with servers: m1.tiny, and those of the servers."""

from collections.abc import Iterator
from typing import Any

import pytest

from glimpse.servers.server import Flavor
from tests.acceptance.server_roles import CloudWithServers, start
from tests.support.http import Response, request
from tests.support.servers import make_server

BIG = Flavor("big & wide", vcpus=8, ram=4096, disk=40)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudWithServers]:
    servers = [make_server(flavor=flavor) for flavor in (BIG, Flavor("m1.small", ram=2048))]
    with start(tmp_path_factory.mktemp("flavors"), servers) as started:
        yield started


def get(cloud: CloudWithServers, target: str) -> Response:
    headers = [("X-Auth-Token", cloud.tokens["member"])]
    return request(cloud.cloud.address, "GET", target, headers)


def list_pages(cloud: CloudWithServers, target: str) -> list[list[dict[str, Any]]]:
    """Return the flavors of each page of a list; the first page is at `target`."""
    pages = []
    host, port = cloud.cloud.address
    while target:
        document = get(cloud, target).json()
        pages.append(document["flavors"])
        links = document.get("flavors_links", [])
        assert [link["rel"] for link in links] == ["next"] * len(links)
        target = links[0]["href"].removeprefix(f"http://{host}:{port}") if links else ""
    return pages


@pytest.mark.parametrize("path", ["/v2.1/flavors", "/v2.1/flavors/detail", "/v2/flavors"])
def test_flavors_are_listed_page_by_page(cloud: CloudWithServers, path: str) -> None:
    first, second = list_pages(cloud, f"{path}?limit=2")
    assert [each["id"] for each in first] == [BIG.name, "m1.small"]
    assert [each["id"] for each in second] == ["m1.tiny"]
    assert list_pages(cloud, path) == list_pages(cloud, f"{path}?limit=3") == [[*first, *second]]


def test_flavors_are_filtered_and_sorted(cloud: CloudWithServers) -> None:
    query = "minRam=512&minDisk=1&sort_key=memory_mb&sort_dir=asc&limit=2"
    first, second = list_pages(cloud, f"/v2.1/flavors?{query}")
    assert [each["id"] for each in (*first, *second)] == ["m1.tiny", "m1.small", BIG.name]


def test_a_flavor_is_shown(cloud: CloudWithServers) -> None:
    shown = get(cloud, "/v2.1/flavors/m1.tiny").json()["flavor"]
    assert shown in get(cloud, "/v2.1/flavors/detail").json()["flavors"]
    assert (shown["ram"], shown["disk"], shown["vcpus"]) == (512, 1, 1)
    missing = get(cloud, "/v2.1/flavors/nosuch")
    assert missing.status == 404, str(missing)
