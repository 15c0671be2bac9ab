"""Failures of Keystone, before the gateway has logged in and later."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.gateway.conftest import TIMEOUT, image_document
from tests.support.cloud import EmbeddedCloud, issue_token
from tests.support.fault_proxy import Fault, FaultProxy, respond_with
from tests.support.gateway import GatewayCloud, Sections, gateway
from tests.support.http import Response, request
from tests.support.process import wait_until

IMAGE = image_document("the image that Keystone guards")
SHOW = f"/v2.1/images/{IMAGE['id']}"

FAULTS = {
    "resets": Fault("reset"),
    "resets in the body": Fault("reset", 200),
    "closes early": Fault("close"),
    "hangs": Fault("hang"),
    "trickles": Fault("trickle", 20, pause=0.4),
    "responds with 500": respond_with(500, b"Traceback"),
    "responds with HTML": respond_with(200, b"<html>Welcome</html>", "text/html"),
    "responds with truncated JSON": respond_with(200, b'{"token": {"user": {"id": "x'),
    "responds with other JSON": respond_with(200, b"[]"),
    "forbids": respond_with(403, b"{}"),
}


@contextmanager
def behind_keystone(
    backend: EmbeddedCloud, keystone: FaultProxy, directory: Path
) -> Iterator[GatewayCloud]:
    """Run a gateway that calls Keystone through a proxy, and the Glance of the catalog."""
    backend.put_images([IMAGE])
    options = {
        "auth_url": f"{keystone.base_url}/identity/v3",
        "http_connect_timeout": TIMEOUT,
        "http_request_max_retries": 1,
    }
    sections: Sections = {
        "keystone_authtoken": options,
        "glance": {"valid_interfaces": "public"},
    }
    with gateway(directory / "gateway", backend, sections) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def running(
    backend: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[GatewayCloud, FaultProxy]]:
    with (
        FaultProxy(backend.address) as keystone,
        behind_keystone(backend, keystone, tmp_path_factory.mktemp("keystone")) as cloud,
    ):
        yield cloud, keystone


def show(cloud: GatewayCloud, token: str) -> Response:
    return request(cloud.address, "GET", SHOW, {"X-Auth-Token": token})


def assert_unavailable(response: Response, *secrets: str) -> None:
    assert response.status == 503, str(response)
    assert response.fault == "serviceUnavailable", str(response)
    assert int(response.header("Retry-After") or 0) >= 1, str(response)
    assert not [secret for secret in secrets if secret in str(response)], str(response)


@pytest.mark.parametrize("fault", FAULTS)
def test_while_keystone_fails_a_new_token_is_a_503_and_a_cached_one_works(
    running: tuple[GatewayCloud, FaultProxy], fault: str
) -> None:
    cloud, keystone = running
    known, unknown = (issue_token(cloud.identity_url, "owner") for _ in range(2))
    assert show(cloud, known).status == 200
    keystone.fail(FAULTS[fault], when=lambda request: b" /identity/" in request)
    try:
        assert_unavailable(show(cloud, unknown), unknown)
        assert show(cloud, known).status == 200
    finally:
        keystone.restore()
    assert show(cloud, unknown).status == 200
    log = cloud.process.log.read_text()
    assert unknown not in log
    assert "Traceback" not in log


def test_cached_token_that_glance_refuses_gets_the_usual_401(
    running: tuple[GatewayCloud, FaultProxy], backend: EmbeddedCloud
) -> None:
    cloud, _ = running
    token = issue_token(cloud.identity_url, "owner")
    assert show(cloud, token).status == 200
    headers = {"X-Auth-Token": token, "X-Subject-Token": token}
    revoked = request(backend.address, "DELETE", "/identity/v3/auth/tokens", headers)
    assert revoked.status == 204, str(revoked)
    response, other = show(cloud, token), show(cloud, "unknown")
    assert (response.status, response.body) == (401, other.body), str(response)
    assert response.header("WWW-Authenticate") == other.header("WWW-Authenticate"), str(response)


@pytest.mark.parametrize("fault", ["is down", "trickles", "responds with HTML", "forbids"])
def test_gateway_starts_without_keystone_and_works_once_it_is_back(
    backend: EmbeddedCloud, tmp_path: Path, fault: str
) -> None:
    with FaultProxy(backend.address) as keystone:
        if fault == "is down":
            keystone.refuse()
        else:
            keystone.fail(FAULTS[fault])
        with behind_keystone(backend, keystone, tmp_path) as cloud:
            token = issue_token(cloud.identity_url, "owner")
            assert request(cloud.address, "GET", "/").status == 200
            assert_unavailable(show(cloud, token), token)
            keystone.restore()
            response = show(cloud, token)
            assert response.status == 200, str(response)
            links = {link["rel"]: link["href"] for link in response.json()["image"]["links"]}
            # The catalog has the URL of the proxy, through which Keystone was called.
            assert links["alternate"] == f"{keystone.base_url}/image/images/{IMAGE['id']}"


@pytest.mark.parametrize("change", ["", "token_cache_time = 100\n"])
def test_cached_tokens_survive_a_reload_unless_keystone_options_change(
    backend: EmbeddedCloud, tmp_path: Path, change: str
) -> None:
    """Logs are rotated with SIGHUP: an outage of Keystone must not fail all requests then."""
    with (
        FaultProxy(backend.address) as keystone,
        behind_keystone(backend, keystone, tmp_path) as cloud,
    ):
        token = issue_token(cloud.identity_url, "owner")
        assert show(cloud, token).status == 200
        keystone.fail(FAULTS["responds with 500"], when=lambda request: b" /identity/" in request)
        conf = tmp_path / "gateway" / "nova.conf"
        conf.write_text(conf.read_text().replace("auth_type", f"{change}auth_type"))
        os.kill(cloud.process.pid, signal.SIGHUP)
        wait_until(
            lambda: "was read again" in cloud.process.log.read_text(),
            "the configuration was not reloaded",
        )
        # A request that needs no Glance: its URL would come from Keystone, too.
        response = request(cloud.address, "GET", "/v2.1/nowhere", {"X-Auth-Token": token})
        assert response.status == (503 if change else 404), str(response)


def test_hanging_login_does_not_delay_shutdown(backend: EmbeddedCloud, tmp_path: Path) -> None:
    with FaultProxy(backend.address) as keystone:
        keystone.fail(FAULTS["trickles"])
        with behind_keystone(backend, keystone, tmp_path) as cloud:
            assert_unavailable(show(cloud, issue_token(cloud.identity_url, "owner")))
            assert cloud.process.stop() == 0
