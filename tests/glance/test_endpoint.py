"""Endpoint: configured servers, and the look-up in Keystone's catalog."""

import asyncio
from collections.abc import Sequence

import pytest

from glimpse.glance.endpoint import Endpoint
from glimpse.identity.service import IdentityUnavailable
from glimpse.images.errors import Unavailable
from tests.support.options import glance_options


class Catalog:
    """A catalog with this URL of Glance or an error, which records look-ups."""

    def __init__(self, url: str | IdentityUnavailable) -> None:
        self.url = url
        self.look_ups: list[tuple[str, tuple[str, ...], str | None]] = []

    async def fetch_endpoint(
        self, service_type: str, interfaces: Sequence[str], region_name: str | None
    ) -> str:
        self.look_ups.append((service_type, tuple(interfaces), region_name))
        await asyncio.sleep(0)
        if isinstance(self.url, IdentityUnavailable):
            raise self.url
        return self.url


async def test_configured_servers_need_no_catalog() -> None:
    catalog = Catalog("http://catalog")
    servers = await Endpoint(glance_options("http://a/v2"), catalog).servers()
    assert (servers.order(), catalog.look_ups) == (["http://a"], [])


async def test_catalog_is_read_once_for_all_callers_and_its_url_is_kept() -> None:
    catalog = Catalog("http://catalog/v2")
    options = glance_options(service_type="img", valid_interfaces=("admin",), region_name="R")
    endpoint = Endpoint(options, catalog)
    found = await asyncio.gather(*(endpoint.servers() for _ in range(5)))
    assert {servers.public_url for servers in [*found, await endpoint.servers()]} == {
        "http://catalog"
    }
    assert catalog.look_ups == [("img", ("admin",), "R")]


@pytest.mark.parametrize("wrong", ["ftp://a", "", IdentityUnavailable("Keystone is down.")])
async def test_look_up_that_fails_is_unavailable_and_repeated(
    wrong: str | IdentityUnavailable, caplog: pytest.LogCaptureFixture
) -> None:
    catalog = Catalog(wrong)
    endpoint = Endpoint(glance_options(), catalog)
    with pytest.raises(Unavailable):
        await endpoint.servers()
    assert ("[glance] endpoint_override" in caplog.text) is isinstance(wrong, str)
    catalog.url = "http://a"
    assert (await endpoint.servers()).public_url == "http://a"


async def test_neither_servers_nor_a_catalog_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await Endpoint(glance_options()).servers()
