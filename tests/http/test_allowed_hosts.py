"""Without authentication, web pages in a browser on the same machine have no access."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from glimpse.http.allowed_hosts import AllowedHosts
from tests.support.cloud import EmbeddedCloud
from tests.support.http import request
from tests.support.process import GlimpseProcess

TOKEN = {"X-Auth-Token": "demo:gold"}


def allowed(listen: str, host: str, *names: str, **headers: str) -> bool:
    """Return True if a process that listens on this address accepts this ``Host``."""
    rule = AllowedHosts(listen, names, trust_proxy_headers=True)
    more = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    scope = {"method": "POST", "glimpse.headers": {b"host": host.encode("latin-1"), **more}}
    return rule.refusal(scope) is None


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1:8774", "127.8.8.8", "[::1]", "[::1]:8774", "localhost", "LOCALHOST:1"),
        "localhost.:8774",
    ],
)
def test_loopback_hosts_are_allowed(host: str) -> None:
    assert allowed("127.0.0.1", host)
    assert allowed("192.0.2.1", host)


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8774", "localhost.evil.example", "127.0.0.1.evil.example"),
        *("192.0.2.7", "[2001:db8::1]", "", "localhost,evil.example", "evil@localhost"),
        *("localhost/evil", "[::1].evil", "::1", "2130706433", "0x7f.1", "127.0.0.1\x85"),
        "localhost:99999999",
    ],
)
def test_a_process_on_loopback_refuses_other_hosts(host: str) -> None:
    assert not allowed("127.0.0.1", host)


def test_the_listening_address_and_configured_names_are_allowed() -> None:
    assert allowed("192.0.2.1", "192.0.2.1:8774")
    assert not allowed("192.0.2.1", "192.0.2.2")
    assert allowed("127.0.0.1", "Images.Lab:8774", "images.lab", "other:8774")
    assert allowed("127.0.0.1", "other", "images.lab", "other:8774")


def test_a_process_on_every_address_allows_all_addresses_but_no_names() -> None:
    for listen in ("0.0.0.0", "::", "[::]"):
        assert allowed(listen, "192.0.2.7:8774")
        assert allowed(listen, "[2001:db8::1]")
        assert not allowed(listen, "evil.example")


def test_a_forwarded_host_and_a_foreign_origin_are_refused() -> None:
    assert not allowed("127.0.0.1", "localhost", x_forwarded_host="evil.example")
    assert not allowed("127.0.0.1", "localhost", forwarded="host=evil.example")
    assert not allowed("127.0.0.1", "evil.example", x_forwarded_host="localhost")
    assert not allowed("127.0.0.1", "localhost", origin="http://evil.example")
    assert not allowed("127.0.0.1", "localhost", origin="null")
    assert not allowed("127.0.0.1", "localhost", origin="file://localhost")
    assert not allowed("127.0.0.1", "localhost", sec_fetch_site="cross-site")
    assert allowed("127.0.0.1", "localhost", origin="http://localhost:3000")
    assert allowed("127.0.0.1", "localhost", sec_fetch_site="same-origin")


@pytest.fixture(scope="module", params=["embedded", "glance"])
def noauth(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedCloud]:
    directory: Path = tmp_path_factory.mktemp("noauth")
    conf = directory / "glimpse.conf"
    conf.write_text(
        f"[glimpse]\nimage_service = {request.param}\n"
        "[api]\nauth_strategy = noauth\nnoauth_allowed_hosts = images.lab\n"
        "[glance]\napi_servers = http://127.0.0.1:9\n[metrics]\nport = 0\n"
    )
    arguments = ["--config-file", str(conf)]
    with GlimpseProcess(directory / "state", arguments=arguments) as process:
        yield EmbeddedCloud(process)


@pytest.mark.parametrize("path", ["/", "/v2.1/images", "/v2/images", "/image/v2/images", "/x"])
def test_a_host_name_of_dns_rebinding_is_refused(noauth: EmbeddedCloud, path: str) -> None:
    headers = {**TOKEN, "Host": f"evil.example:{noauth.address[1]}"}
    for more in ({}, {"X-Forwarded-Host": "localhost"}):
        response = request(noauth.address, "GET", path, {**headers, **more})
        assert response.status == 403, str(response)
        assert "[api] noauth_allowed_hosts" in response.body.decode(), str(response)
    for host in ("localhost:1", "[::1]", "127.0.0.1", "images.lab:8774"):
        response = request(noauth.address, "GET", path, {**TOKEN, "Host": host})
        assert response.status != 403, str(response)


def test_the_authority_of_an_absolute_form_replaces_the_host(noauth: EmbeddedCloud) -> None:
    headers = {**TOKEN, "Host": "localhost"}
    response = request(noauth.address, "GET", "http://evil.example/v2.1/images", headers)
    assert response.status == 403, str(response)
    versions = request(noauth.address, "GET", "http://images.lab:99/", headers)
    assert b"http://images.lab:99/v2" in versions.body, str(versions)
    versions = request(noauth.address, "GET", "http://[::1]:99/", headers)
    assert b"http://[::1]:99/v2" in versions.body, str(versions)


def test_a_write_from_a_foreign_origin_is_refused(noauth: EmbeddedCloud) -> None:
    headers = {**TOKEN, "Origin": "http://evil.example", "Content-Type": "text/plain"}
    response = request(noauth.address, "POST", "/v2.1/images/x/metadata", headers, b"{}")
    assert response.status == 403, str(response)
    assert "Origin" in response.body.decode()
    assert request(noauth.address, "GET", "/", headers).status == 200


def test_health_checks_accept_any_host(noauth: EmbeddedCloud) -> None:
    response = request(noauth.address, "GET", "/healthcheck", {"Host": "balancer.example"})
    assert response.status == 200, str(response)


def test_with_authentication_any_host_is_allowed(tmp_path: Path) -> None:
    with GlimpseProcess(tmp_path / "state") as process:
        response = request(process.address, "GET", "/", {"Host": "cloud.example"})
        assert response.status == 200, str(response)
