"""Readiness: the check of each part, its timeout, and the checks of both modes."""

import asyncio
import shutil
import time
from pathlib import Path
from typing import Any

from glimpse.http.readiness import Readiness, ReadinessCheck, ReadinessNote
from tests.app.test_gateway import configuration
from tests.support.asgi import send_request
from tests.support.http import Response, request
from tests.support.process import GlimpseProcess


async def respond(**checks: ReadinessCheck) -> Response:
    """Return the response of ``/readiness`` with these checks."""
    readiness = Readiness(checks, timeout=0.2)

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        await readiness(scope, send)

    return await send_request(app, "GET", "/readiness")


async def ready() -> None:
    return None


async def not_ready() -> str:
    return "is down"


async def replaced() -> ReadinessNote:
    return ReadinessNote("another serves")


async def hanging() -> None:
    await asyncio.Event().wait()


async def raising() -> None:
    raise OSError("http://user:secret@keystone is unreachable")


async def test_a_part_that_another_replaces_is_ready_with_a_note() -> None:
    response = await respond(one=ready, two=replaced)
    assert response.status == 200
    parts = {"one": {"ready": True}, "two": {"ready": True, "note": "another serves"}}
    assert response.json() == {"ready": True, "parts": parts}


async def test_readiness_names_each_part() -> None:
    response = await respond(one=ready, two=ready)
    assert response.status == 200
    assert response.json() == {
        "ready": True,
        "parts": {"one": {"ready": True}, "two": {"ready": True}},
    }


async def test_one_part_that_is_not_ready_makes_readiness_503() -> None:
    response = await respond(one=ready, two=not_ready)
    assert response.status == 503
    assert response.json()["parts"] == {
        "one": {"ready": True},
        "two": {"ready": False, "reason": "is down"},
    }


async def test_a_readiness_check_is_bounded_in_time() -> None:
    response = await respond(one=hanging)
    assert response.json()["parts"]["one"]["reason"] == "no response within 0.2 seconds"


async def test_the_text_of_an_error_is_not_in_the_response() -> None:
    response = await respond(one=raising)
    assert response.json()["parts"]["one"] == {"ready": False, "reason": "does not respond"}


async def test_simultaneous_requests_run_each_readiness_check_once() -> None:
    runs = 0

    async def counted() -> None:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0)

    readiness = Readiness({"one": counted})

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        await readiness(scope, send)

    await asyncio.gather(*(send_request(app, "GET", "/readiness") for _ in range(20)))
    assert runs == 1


def test_readiness_of_the_embedded_services_names_missing_state(tmp_path: Path) -> None:
    disabled = tmp_path / "disabled"
    conf = tmp_path / "glimpse.conf"
    conf.write_text(f"[healthcheck]\ndisable_by_file_path = {disabled}\n")
    with GlimpseProcess(tmp_path / "state", arguments=["--config-file", str(conf)]) as process:
        assert request(process.address, "GET", "/healthcheck").body == b"OK"
        response = request(process.address, "GET", "/readiness")
        assert response.status == 200, str(response)
        assert set(response.json()["parts"]) == {"healthcheck", "catalog", "data", "identity"}
        disabled.touch()
        shutil.rmtree(process.state_dir / "data")
        response = _until(process, 503)
        assert response.json()["parts"]["data"]["reason"] == "the data directory cannot be written"
        assert response.json()["parts"]["healthcheck"]["reason"] == "DISABLED BY FILE"
        assert request(process.address, "GET", "/healthcheck").status == 503


def test_readiness_of_a_gateway_is_503_without_keystone_and_glance(tmp_path: Path) -> None:
    with GlimpseProcess(tmp_path / "cloud") as cloud:
        arguments = ["--config-file", str(configuration(cloud, tmp_path))]
        with GlimpseProcess(tmp_path / "gateway", arguments=arguments) as gateway:
            response = request(gateway.address, "GET", "/readiness")
            assert response.status == 200, str(response)
            assert set(response.json()["parts"]) == {"healthcheck", "keystone", "glance"}
            assert request(gateway.address, "GET", "/healthcheck").body == b"OK"
            cloud.stop()
            parts = _until(gateway, 503).json()["parts"]
            assert parts["keystone"] == {"ready": False, "reason": "Keystone cannot be reached"}
            assert parts["glance"] == {"ready": False, "reason": "no Image service responds"}
            assert request(gateway.address, "GET", "/healthcheck").status == 200


def _until(process: GlimpseProcess, status: int) -> Response:
    """Send requests until the response has this status. Results are cached for a second."""
    deadline = time.monotonic() + 20
    while True:
        response = request(process.address, "GET", "/readiness")
        if response.status == status:
            return response
        assert time.monotonic() < deadline, str(response)
        time.sleep(0.05)
