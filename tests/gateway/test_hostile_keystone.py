"""A hostile Keystone, or hostile users of Keystone: endless, slow or malformed responses."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.hostile import TIMEOUT, HostileCloud, hostile_cloud
from tests.support.http import Response
from tests.support.mutations import mutations
from tests.support.process import wait_until
from tests.support.scripted_server import (
    ScriptedServer,
    json_response,
    scripted_response,
    token_document,
)

SLOW_MACHINE = 20  # seconds more for a response; a deadlock takes forever
GROWTH = 60  # MB by which the gateway may grow
HEAD = b"HTTP/1.1 201 -\r\nX-Subject-Token: own\r\nContent-Type: application/json\r\n"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[HostileCloud]:
    with hostile_cloud(tmp_path) as cloud:
        yield cloud


def endless(beginning: bytes, piece: bytes, megabytes: int = 300) -> Iterator[bytes]:
    yield beginning
    for _ in range(megabytes * 1_000_000 // len(piece)):
        yield piece


ENDLESS = {
    "body": (HEAD + b'\r\n{"token": "', 100_000 * b"x"),
    "body in chunks": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
        b"186a0\r\n" + 100_000 * b"x" + b"\r\n",
    ),
    "headers": (HEAD, 10_000 * b"A: b\r\n"),
    "interim responses": (b"", 4_000 * b"HTTP/1.1 100 Continue\r\n\r\n"),
}


def assert_unavailable(response: Response) -> None:
    assert response.status == 503, str(response)
    assert response.fault == "serviceUnavailable", str(response)


@pytest.mark.parametrize("kind", ENDLESS)
def test_endless_response_to_a_login_is_refused(cloud: HostileCloud, kind: str) -> None:
    before = cloud.peak_memory_mb()
    cloud.login = lambda _: endless(*ENDLESS[kind])
    assert_unavailable(cloud.show())
    assert cloud.peak_memory_mb() - before < GROWTH
    cloud.restore()
    assert cloud.show().status == 200


@pytest.mark.parametrize("kind", ENDLESS)
def test_endless_response_to_a_validation_is_refused(cloud: HostileCloud, kind: str) -> None:
    assert cloud.show().status == 200
    before = cloud.peak_memory_mb()
    cloud.validation = lambda _: endless(*ENDLESS[kind])
    assert_unavailable(cloud.show())
    assert cloud.peak_memory_mb() - before < GROWTH


def test_slow_logins_end_with_their_timeout(tmp_path: Path) -> None:
    """Without a timeout, each login would occupy a thread for a minute."""

    def drip(_head: str) -> Iterator[bytes]:
        yield HEAD
        for _ in range(600):
            time.sleep(0.1)  # a slow server
            yield b"A"

    with hostile_cloud(tmp_path, timeout=1) as cloud:
        cloud.login = drip
        for _ in range(3):
            began = time.monotonic()
            assert_unavailable(cloud.show())
            assert time.monotonic() - began < 1 + 3
        cloud.restore()
        assert cloud.show().status == 200
        wait_until(
            lambda: not cloud.keystone.open_connections, "the connection of a login is not closed"
        )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("call", ["login", "validation"])
def test_redirect_of_keystone_is_logged_and_not_followed(
    cloud: HostileCloud, status: int, call: str
) -> None:
    token = cloud.token
    with ScriptedServer(lambda _: json_response(token, 201, "X-Subject-Token: own")) as other:
        location = f"Location: {other.base_url}/v3/auth/tokens?token=secret"
        setattr(cloud, call, lambda _: scripted_response(b"", status, location))
        assert_unavailable(cloud.show())
        assert other.heads == []
        log = cloud.log()
        assert f"redirects to {other.base_url}/v3/auth/tokens, which is not followed" in log
        assert "token=secret" not in log


def test_access_rules_with_many_wildcards_are_matched_quickly(cloud: HostileCloud) -> None:
    paths = ["/v2.1/images/*a*a*a*a*a*a*a*ab", "/v2.1/images/" + "**a" * 50 + "/b"]
    rules = [{"service": "compute", "method": "GET", "path": path} for path in paths * 500]
    credential = {"id": "c", "name": "c", "restricted": True, "access_rules": rules}
    cloud.token["token"]["application_credential"] = credential
    for length in (80, 3000):
        began = time.monotonic()
        response = cloud.request("GET", "/v2.1/images/" + length * "a", "the token")
        assert response.status == 401, str(response)
        assert time.monotonic() - began < 2


def test_refusal_of_a_token_is_cached_for_a_few_seconds(cloud: HostileCloud) -> None:
    validations: list[str] = []

    def refuse(head: str) -> list[bytes]:
        validations.append(head)
        return scripted_response(b"{}", 404)

    cloud.validation = refuse
    assert {cloud.show("wrong").status for _ in range(20)} == {401}
    assert len(validations) == 1
    assert cloud.show("another").status == 401
    assert len(validations) == 2
    cloud.validation = lambda _: scripted_response(b"{}", 500)
    assert_unavailable(cloud.show("a third"))
    cloud.restore()
    assert cloud.show("a third").status == 200, "a failure of Keystone was cached"
    wait_until(lambda: cloud.show("wrong").status == 200, "it is refused for longer than 10 s", 10)


def test_validations_with_values_of_other_types_cause_no_500(cloud: HostileCloud) -> None:
    good = token_document(cloud.keystone.base_url, cloud.glance.base_url)
    good["token"]["application_credential"] = {
        "id": "c",
        "access_rules": [{"service": "compute", "method": "GET", "path": "/**"}],
    }
    statuses: dict[str, int] = {}
    assert cloud.show().status == 200
    for name, body in mutations(good, leave_out=("catalog", "audit_ids", "methods", "issued_at")):
        cloud.validation = lambda _, body=body: scripted_response(body)  # type: ignore[misc]  # mypy does not infer a lambda's default
        statuses[name] = cloud.show().status
    odd = {name: status for name, status in statuses.items() if status not in (200, 401, 403, 503)}
    assert not odd
    assert "Traceback" not in cloud.log()


def test_logins_with_values_of_other_types_are_unavailable(cloud: HostileCloud) -> None:
    good = token_document(cloud.keystone.base_url, cloud.glance.base_url)
    statuses: dict[str, int] = {}
    for name, body in mutations(good, leave_out=("audit_ids", "methods", "issued_at", "user")):
        cloud.login = lambda _, body=body: scripted_response(  # type: ignore[misc]  # mypy does not infer a lambda's default
            body, 201, "X-Subject-Token: own"
        )
        # The gateway's own token is refused, so that it logs in again.
        cloud.validation = lambda _: scripted_response(b"{}", 401)
        statuses[name] = cloud.show().status
    assert set(statuses.values()) == {503}
    assert len(cloud.keystone.heads) > 2 * len(statuses), "it did not log in for each request"
    cloud.restore()
    assert cloud.show().status == 200
    assert "Traceback" not in cloud.log()


@pytest.mark.parametrize("token", ["a\\nb", "\u20ac", 9000 * "x"])
def test_own_token_that_fits_no_header_causes_no_500(cloud: HostileCloud, token: str) -> None:
    header: Any = f"X-Subject-Token: {token}" if token.isascii() else "X-Subject-Token: \x80"
    cloud.login = lambda _: json_response(cloud.token, 201, header)
    response = cloud.show()
    assert response.status in (200, 503), str(response)
    assert "Traceback" not in cloud.log()


@pytest.mark.parametrize("service", ["identity", "image"])
def test_catalog_is_read_again_until_it_has_the_service(cloud: HostileCloud, service: str) -> None:
    listed = cloud.token["token"]["catalog"]
    cloud.token["token"]["catalog"] = [one for one in listed if one["type"] != service]
    assert_unavailable(cloud.show())
    cloud.restore()
    assert cloud.show().status == 200


@pytest.mark.parametrize("status", [300, 401, 403, 404, 500])
def test_login_works_after_keystone_responded_to_everything_with_one_status(
    cloud: HostileCloud, status: int
) -> None:
    """keystoneauth deadlocks when a request for versions gets a 401."""
    cloud.login = cloud.validation = cloud.discovery = lambda _: scripted_response(b"{}", status)
    for _ in range(12):  # more than the logins that may be in progress at once
        began = time.monotonic()
        assert_unavailable(cloud.show())
        assert time.monotonic() - began < TIMEOUT + SLOW_MACHINE
    cloud.restore()
    assert cloud.show().status == 200
