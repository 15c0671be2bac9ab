"""``glimpse healthcheck`` beside a running process: its output and its exit status."""

from pathlib import Path

import pytest

from glimpse.cli.main import main
from tests.support.canned_server import CannedServer
from tests.support.http import Response
from tests.support.process import GlimpseProcess, free_port, run_glimpse


@pytest.mark.parametrize("path", ["/healthcheck", "/health/ä b"])
def test_health_is_that_of_the_running_process(tmp_path: Path, path: str) -> None:
    disabled = tmp_path / "disabled"
    conf = tmp_path / "glimpse.conf"
    conf.write_text(f"[healthcheck]\npath = {path}\ndisable_by_file_path = {disabled}\n")
    arguments = ["--config-file", str(conf)]
    with GlimpseProcess(tmp_path / "state", arguments=arguments) as process:
        arguments += ["--port", str(process.port)]
        done = run_glimpse("healthcheck", *arguments)
        assert (done.returncode, done.stdout) == (0, "OK\n"), done.stderr
        disabled.touch()
        done = run_glimpse("healthcheck", *arguments)
        assert done.returncode == 1, done.stdout
        assert done.stderr.endswith("responds 503: DISABLED BY FILE\n"), done.stderr


def test_the_process_is_found_by_its_state_directory(tmp_path: Path) -> None:
    with GlimpseProcess(tmp_path / "state"):
        done = run_glimpse("healthcheck", "--state-dir", str(tmp_path / "state"))
        assert (done.returncode, done.stdout) == (0, "OK\n"), done.stderr


def test_a_process_that_does_not_run_is_unhealthy() -> None:
    port = free_port()
    done = run_glimpse("healthcheck", "--port", str(port))
    url = f"http://127.0.0.1:{port}/healthcheck"
    assert done.returncode == 1, done.stdout
    assert done.stderr == f"glimpse: {url} does not respond: [Errno 111] Connection refused\n"


@pytest.mark.parametrize("host", ["cloud..example", "[::1]"])
def test_a_host_that_no_server_can_have_is_unhealthy(
    capsys: pytest.CaptureFixture[str], host: str
) -> None:
    assert main(["healthcheck", "--host", host, "--port", "8774"]) == 1
    message = capsys.readouterr().err
    assert message.startswith("glimpse: http://")
    assert "/healthcheck does not respond: " in message


def test_another_server_on_the_port_is_unhealthy() -> None:
    with CannedServer() as server:
        server.response = Response(404, (("Content-Length", "7"),), b"\x1b[1m" + b"\xff\n.")
        done = run_glimpse("healthcheck", "--port", str(server.address[1]))
        assert done.returncode == 1, done.stdout
        assert "/healthcheck responds 404: " in done.stderr
        assert "\x1b" not in done.stderr
