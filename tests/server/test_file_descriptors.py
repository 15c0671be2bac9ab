"""A process that runs out of file descriptors refuses connections with 503."""

import json
import os
import resource
import socket
from contextlib import ExitStack
from pathlib import Path

from tests.support.http import request
from tests.support.process import GlimpseProcess, wait_until
from tests.support.raw_connection import RawConnection

GET = b"GET /readiness HTTP/1.1\r\nHost: x\r\n\r\n"
LIMIT = 80  # descriptors
LINE = "Connections are refused: "


def test_connections_are_refused_when_descriptors_run_out(tmp_path: Path) -> None:
    with GlimpseProcess(tmp_path / "state") as process, RawConnection(process.address) as old:
        old.send(GET)
        assert old.response().status == 200
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (LIMIT, LIMIT))
        with ExitStack() as stack:
            for _ in range(2 * LIMIT):
                stack.enter_context(socket.create_connection(process.address, timeout=20))
            wait_until(lambda: LINE in process.log.read_text(), "no refusal is logged")
            wait_until(lambda: _readiness(old) == (503, False), "the process is still ready")
            before = _cpu_seconds(process)
            for _ in range(LIMIT):
                stack.enter_context(socket.create_connection(process.address, timeout=20))
            assert _cpu_seconds(process) - before < 1.0
        wait_until(lambda: _status(process) == 200, "no connection is served")
        text = process.log.read_text()
        assert text.count(LINE) == 1
        assert "Traceback" not in text


def test_a_refused_connection_gets_a_503_with_retry_after(tmp_path: Path) -> None:
    """Refused connections use reserved descriptors until the client has read the response."""
    with GlimpseProcess(tmp_path / "state") as process:
        wait_until(lambda: _status(process) == 200, "the process is not ready")
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (LIMIT, LIMIT))
        with ExitStack() as stack:

            def refused() -> bool:
                if len([*Path(f"/proc/{process.pid}/fd").iterdir()]) < LIMIT - LIMIT // 8:
                    stack.enter_context(socket.create_connection(process.address, timeout=20))
                    return False
                return _retry_after(process) == "5"

            wait_until(refused, "a further connection is served")


def _retry_after(process: GlimpseProcess) -> str | None:
    try:
        return request(process.address, "GET", "/readiness").header("Retry-After")
    except (OSError, ValueError):
        return None


def _status(process: GlimpseProcess) -> int:
    try:
        return request(process.address, "GET", "/readiness").status
    except (OSError, ValueError):
        return 0


def _readiness(connection: RawConnection) -> tuple[int, bool]:
    connection.send(GET)
    response = connection.response()
    return response.status, json.loads(response.body)["parts"]["healthcheck"]["ready"]


def _cpu_seconds(process: GlimpseProcess) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
