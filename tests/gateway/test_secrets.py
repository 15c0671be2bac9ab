"""Logs at level DEBUG and error responses contain no tokens or passwords."""

import base64
import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.gateway.conftest import image_document
from tests.support.cloud import PASSWORD, EmbeddedCloud, issue_token
from tests.support.fault_proxy import Fault, FaultProxy, respond_with
from tests.support.gateway import SERVICE, GatewayCloud, credentials, gateway
from tests.support.http import Response, request
from tests.support.services import memcached, redis_server

IMAGE = image_document("the image of secrets")
SHOW = f"/v2.1/images/{IMAGE['id']}"
CACHE_SECRET, REDIS_SECRET = "the-secret-of-the-cache", "the-secret-of-redis"
FAULTS = (
    Fault("reset"),
    Fault("reset", 60),
    Fault("hang"),
    respond_with(500, b"Traceback"),
    respond_with(401, b"{}"),
    respond_with(200, b"<html>"),
)


class GatewaySetup(NamedTuple):
    cloud: GatewayCloud
    keystone: FaultProxy
    glance: FaultProxy
    own_tokens: list[str]
    service_tokens: list[str]


@pytest.fixture(params=["lines", "JSON"])
def setup(
    request: pytest.FixtureRequest, backend: EmbeddedCloud, tmp_path: Path
) -> Iterator[GatewaySetup]:
    """A gateway with all kinds of secrets in its options; its own tokens are recorded."""
    backend.put_images([IMAGE])
    with ExitStack() as running:
        keystone = running.enter_context(FaultProxy(backend.address))
        glance = running.enter_context(FaultProxy(backend.address))
        cache = running.enter_context(memcached(tmp_path))
        redis = running.enter_context(redis_server(tmp_path))
        sections = {
            "DEFAULT": {"debug": True, "use_json": request.param == "JSON"},
            "keystone_authtoken": {
                "auth_url": f"{keystone.base_url}/identity/v3",
                "http_connect_timeout": 1,
                "http_request_max_retries": 1,
                "memcached_servers": f"127.0.0.1:{cache.port}",
                "memcache_security_strategy": "ENCRYPT",
                "memcache_secret_key": CACHE_SECRET,
            },
            "glance": {
                "api_servers": f"http://user:{REDIS_SECRET}@127.0.0.1:{glance.port}/image",
                "timeout": 1,
                "num_retries": 1,
            },
            "service_user": {"send_service_user_token": True, **credentials(backend.identity_url)},
            "coordination": {"backend_url": f"redis://:{REDIS_SECRET}@127.0.0.1:{redis.port}"},
        }
        own: list[str] = []
        keystone.fail(Fault("respond"), when=lambda call: _record(call, b"x-auth-token", own))
        sent: list[str] = []
        glance.fail(Fault("respond"), when=lambda call: _record(call, b"x-service-token", sent))
        cloud = running.enter_context(gateway(tmp_path / "gateway", backend, sections))
        yield GatewaySetup(cloud, keystone, glance, own, sent)


def _record(call: bytes, header: bytes, tokens: list[str]) -> bool:
    """Record a token of Glimpse's own; do not replace the response."""
    for line in call.split(b"\r\n"):
        name, _, value = line.partition(b": ")
        if name.lower() == header:
            tokens.append(value.decode())
    return False


def forms(secret: str) -> list[str]:
    """Return a secret, and encodings and hashes that might be logged in its place."""
    raw = secret.encode()
    hashes = [getattr(hashlib, name)(raw).hexdigest() for name in ("md5", "sha1", "sha256")]
    return [secret, *hashes, base64.b64encode(raw).decode()]


def send_all_requests(cloud: GatewayCloud, token: str, service_token: str) -> Iterator[Response]:
    """Send four requests at once, because with some faults each takes seconds."""
    headers = {"X-Auth-Token": token, "X-Service-Token": service_token}
    headers["Content-Type"] = "application/json"
    meta = json.dumps({"meta": {"key": token[-4:]}}).encode()
    requests = [
        ("GET", f"{SHOW}?token={token}&x-auth-token={token}", None),
        ("GET", "/v2.1/images/detail", None),
        ("PUT", f"{SHOW}/metadata/key", meta),
        ("GET", f"/v2.1/tokens/{token}", None),
    ]
    with ThreadPoolExecutor(len(requests)) as pool:
        sent = [
            pool.submit(request, cloud.address, method, target, headers, body)
            for method, target, body in requests
        ]
    return (each.result() for each in sent)


def test_logs_and_errors_contain_no_secrets(setup: GatewaySetup) -> None:
    cloud, keystone, glance, own_tokens, service_tokens = setup
    tokens = [issue_token(cloud.identity_url, "owner") for _ in range(len(FAULTS) * 2 + 1)]
    service = issue_token(cloud.identity_url, SERVICE.name)
    known, *unknown = tokens
    responses = [*send_all_requests(cloud, known, service)]
    for number, fault in enumerate(FAULTS):
        for place, proxy in enumerate((keystone, glance)):
            proxy.fail(fault)
            responses += send_all_requests(cloud, unknown[2 * number + place], service)
            proxy.restore()
        responses += send_all_requests(cloud, known, service)
    assert {response.status for response in responses} >= {200, 401, 502, 503}
    assert own_tokens
    assert service_tokens
    cloud.process.stop()
    text = cloud.process.log.read_text() + "".join(map(str, responses))
    assert "DEBUG" in text
    options = (PASSWORD, CACHE_SECRET, REDIS_SECRET, f"{SERVICE.name}:")
    secrets = [*options, service, *own_tokens, *service_tokens, *tokens]
    leaked = [form for secret in secrets for form in forms(secret) if form in text]
    assert leaked == []
