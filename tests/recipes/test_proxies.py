"""HAProxy and nginx, configured as in docs/recipes, in front of Glimpse and a fake nova.

These tests are skipped if the programs are not installed.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.recipes.proxies import Address, program, running, running_nginx, write_recipe
from tests.support.canned_server import CannedServer
from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.http import Response, request
from tests.support.process import GlimpseProcess, free_port, wait_until

USER = Member("user", "e" * 32)
IMAGE = "70a599e0-31e7-49b7-b260-868f441e862b"

PROXIES = ("haproxy", "nginx")


@contextmanager
def _cloud(directory: Path) -> Iterator[EmbeddedCloud]:
    """Run Glimpse for use with a proxy; it is unhealthy while ``directory/disabled`` exists."""
    conf = directory / "glimpse.conf"
    conf.write_text(
        "[oslo_middleware]\nenable_proxy_headers_parsing = true\n"
        f"[healthcheck]\ndisable_by_file_path = {directory / 'disabled'}\n"
    )
    seed_identity(directory / "state", [USER])
    process = GlimpseProcess(directory / "state", arguments=["--config-file", str(conf)])
    with process:
        yield EmbeddedCloud(process)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("proxies")


@pytest.fixture(scope="module")
def cloud(directory: Path) -> Iterator[EmbeddedCloud]:
    with _cloud(directory) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def nova() -> Iterator[CannedServer]:
    with CannedServer() as server:
        server.response = Response(200, (("Content-Length", "4"), ("Connection", "close")), b"nova")
        yield server


@pytest.fixture(scope="module", params=PROXIES)
def proxy(
    request: pytest.FixtureRequest, directory: Path, cloud: EmbeddedCloud, nova: CannedServer
) -> Iterator[Address]:
    with _proxy(request.param, directory, cloud.address, nova.address) as address:
        yield address


def _proxy(
    name: str, directory: Path, glimpse: Address, nova: Address
) -> AbstractContextManager[Address]:
    return {"haproxy": _haproxy, "nginx": _nginx}[name](directory, glimpse, nova)


@contextmanager
def _haproxy(directory: Path, glimpse: Address, nova: Address) -> Iterator[Address]:
    address = ("127.0.0.1", free_port())
    conf = _recipe(directory, "haproxy.cfg", address, glimpse, nova)
    conf.write_text(conf.read_text().replace("inter 2s", "inter 100ms"))
    with running([program("haproxy"), "-db", "-f", str(conf)], address):
        yield address


@contextmanager
def _nginx(directory: Path, glimpse: Address, nova: Address) -> Iterator[Address]:
    address = ("127.0.0.1", free_port())
    conf = _recipe(directory, "nginx.conf", address, glimpse, nova)
    with running_nginx(directory, conf, address):
        yield address


def _recipe(directory: Path, name: str, own: Address, glimpse: Address, nova: Address) -> Path:
    """Write the recipe with the addresses of this test; return its path."""
    return write_recipe(directory, name, {8774: own, 18774: glimpse, 28774: nova})


@pytest.mark.parametrize(
    "path",
    [
        "/v2.1/images",
        "/v2.1/images?limit=1",
        "/v2.1/images/detail",
        f"/v2.1/{USER.project_id}/images",
        f"/v2.1/{USER.project_id}/images/{IMAGE}/metadata",
        f"/v2/{USER.project_id}/images/detail",
        "/v2/images",
        f"/v2.1//images/{IMAGE}",
        f"/v2.1/images/{IMAGE}/metadata/a%2Fb",
        "/v2.1/images/",
    ],
)
def test_proxies_send_images_to_glimpse(
    proxy: Address, cloud: EmbeddedCloud, nova: CannedServer, path: str
) -> None:
    _put_image(cloud)
    nova.received = b""
    token = {"X-Auth-Token": cloud.token("user") or "", "Host": "compute.example"}
    response = request(proxy, "GET", path, token)
    direct = request(cloud.address, "GET", path, token)
    assert (response.status, response.body) == (direct.status, direct.body), str(response)
    assert nova.received == b""


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/v2.1", "/v2.1/", "/v2/", "/v2.1/servers", "/v2.1/imagesque", "/images"),
        *(f"/v2.1/{USER.project_id}/servers/images", "/v2.1/os-images", "/v2.10/images"),
        *("/v2.1/os-foo/images", f"/v2.1/servers/{IMAGE}/metadata", "/v2.1/flavors/1/images"),
    ],
)
def test_proxies_send_everything_else_to_nova(
    proxy: Address, nova: CannedServer, path: str
) -> None:
    response = request(proxy, "GET", path)
    assert response.body == b"nova", str(response)
    assert nova.received.startswith(f"GET {path} HTTP/1.".encode())


@pytest.mark.parametrize("name", PROXIES)
def test_links_lead_to_the_proxy_whatever_headers_a_client_sends(
    name: str, tmp_path: Path, nova: CannedServer
) -> None:
    headers = {
        "Forwarded": "proto=https;host=evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Prefix": "/evil",
        "X-Forwarded-For": "192.0.2.66",
    }
    with _cloud(tmp_path) as cloud:
        _put_image(cloud)
        headers["X-Auth-Token"] = cloud.token("user") or ""
        with _proxy(name, tmp_path, cloud.address, nova.address) as proxy:
            response = request(proxy, "GET", f"/v2.1/images/{IMAGE}", headers)
    links = response.json()["image"]["links"]
    assert links[0]["href"] == f"http://127.0.0.1:{proxy[1]}/v2.1/images/{IMAGE}", str(response)
    assert "192.0.2.66" not in cloud.process.log.read_text()


def test_proxies_forward_a_metadata_write(proxy: Address, cloud: EmbeddedCloud) -> None:
    _put_image(cloud)
    headers = {"X-Auth-Token": cloud.token("user") or "", "Content-Type": "application/json"}
    body = b'{"metadata": {"colour": "blue"}}'
    response = request(proxy, "POST", f"/v2.1/images/{IMAGE}/metadata", headers, body)
    assert response.json()["metadata"]["colour"] == "blue", str(response)


def test_haproxy_sends_images_to_nova_while_glimpse_is_disabled(
    tmp_path: Path, nova: CannedServer
) -> None:
    disabled = tmp_path / "disabled"
    with (
        _cloud(tmp_path) as cloud,
        _haproxy(tmp_path, cloud.address, nova.address) as address,
    ):

        def body() -> bytes:
            return request(address, "GET", "/v2.1/images").body

        assert b"Unauthorized" in body()
        disabled.touch()
        wait_until(lambda: body() == b"nova", "HAProxy still sends requests to Glimpse")
        assert request(cloud.address, "GET", "/v2.1/images").status == 401, "Glimpse is down"
        disabled.unlink()
        wait_until(lambda: b"Unauthorized" in body(), "HAProxy sends no requests to Glimpse again")


@pytest.mark.parametrize("name", PROXIES)
def test_proxies_send_images_to_nova_while_glimpse_does_not_run(
    name: str, tmp_path: Path, nova: CannedServer
) -> None:
    stopped = ("127.0.0.1", free_port())
    with _proxy(name, tmp_path, stopped, nova.address) as address:
        wait_until(
            lambda: request(address, "GET", "/v2.1/images").body == b"nova",
            f"{name} does not use nova-api",
        )


def _put_image(cloud: EmbeddedCloud) -> None:
    cloud.put_images(
        [
            {
                "id": IMAGE,
                "name": "one",
                "status": "active",
                "visibility": "private",
                "owner": USER.project_id,
                "created_at": "2024-01-01T00:00:00Z",
                "updated_at": "2024-01-01T00:00:00Z",
            }
        ]
    )
