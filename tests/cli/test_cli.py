"""The ``glimpse`` command as a process: its output and its exit status."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from glimpse import __version__
from glimpse.identity.embedded.identity_file import IdentityFile
from tests.cli.errors import assert_one_line_error
from tests.cli.test_load import image_line
from tests.support.http import request
from tests.support.process import GlimpseProcess, free_port, run_glimpse, wait_until


def glimpse_from_nothing(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``glimpse`` in a new interpreter, where it has to import all that it uses."""
    command = [sys.executable, "-m", "glimpse", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_serve_responds_and_exits_0_when_it_is_stopped(tmp_path: Path, workers: str) -> None:
    process = GlimpseProcess(tmp_path / "state", arguments=["--workers", workers])
    with process:
        response = request(process.address, "GET", "/")
        assert response.status in (200, 300), str(response)
        assert process.stop() == 0, process.log.read_text()


def test_the_log_file_has_a_line_for_the_start_and_the_stop(tmp_path: Path) -> None:
    file = tmp_path / "glimpse.log"
    with GlimpseProcess(tmp_path / "state", arguments=["--log-file", str(file)]) as process:
        assert process.stop() == 0
    first, *_, last = file.read_text().splitlines()
    assert first.endswith(
        f" Glimpse {__version__} starts on 127.0.0.1 port {process.port}: "
        "image_service = embedded, auth_strategy = embedded, workers = 1"
    )
    assert last.endswith(f" Glimpse {__version__} has stopped")


def test_log_of_the_start_says_that_a_gateway_reads_the_database_of_glance(tmp_path: Path) -> None:
    conf, log = tmp_path / "glimpse.conf", tmp_path / "glimpse.log"
    conf.write_text(
        "[glimpse]\nimage_service = glance\n[api]\nauth_strategy = noauth\n"
        "[glance]\napi_servers = http://127.0.0.1:1\n"
        "[glance_database]\nconnection = mysql://reader@127.0.0.1:1/glance\n"
    )
    arguments = ["--config-file", str(conf), "--log-file", str(log)]
    with GlimpseProcess(tmp_path / "state", arguments=arguments) as process:
        assert process.stop() == 0
    assert "image_service = glance (and its database), auth_strategy = noauth" in log.read_text()


def test_log_of_the_start_has_the_port_that_the_kernel_chose(tmp_path: Path) -> None:
    arguments = ["serve", "--port", "0", "--state-dir", str(tmp_path), "--ready-file"]
    command = [sys.executable, "-m", "glimpse", *arguments, str(tmp_path / "ready")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        wait_until((tmp_path / "ready").exists, "the process does not start")
        process.terminate()
        printed, log = process.communicate(timeout=20)
    port = re.findall(r"listens on http://127\.0\.0\.1:(\d+),", printed)[0]
    assert f" starts on 127.0.0.1 port {port}: " in log


@pytest.mark.parametrize("command", ["serve", "check"])
def test_limit_of_open_files_that_is_too_low_is_an_error(tmp_path: Path, command: str) -> None:
    done = subprocess.run(
        [
            *("sh", "-c", 'ulimit -n 20; exec "$@"', "sh", sys.executable, "-m", "glimpse"),
            *(command, "--port", "0", "--state-dir", str(tmp_path / "state")),
        ],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    assert "only 20 open files, and needs at least 64" in done.stdout + done.stderr
    assert "raise LimitNOFILE of the systemd unit, or ulimit -n" in done.stdout + done.stderr


def test_serve_exits_0_when_it_is_interrupted(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "glimpse", "--port", str(port)]
    command += ["--state-dir", str(tmp_path / "state")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        assert request(("127.0.0.1", port), "GET", "/").status in (200, 300)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0, output.decode()
    assert b"Traceback" not in output, output.decode()


def test_the_state_directory_is_private_to_its_owner(tmp_path: Path) -> None:
    with GlimpseProcess(tmp_path / "state") as process:
        assert stat.S_IMODE(process.state_dir.stat().st_mode) == 0o700


def test_openrc_and_clouds_print_the_credentials_of_a_client(tmp_path: Path) -> None:
    IdentityFile(tmp_path / "state")
    state = ["--state-dir", str(tmp_path / "state"), "--port", "1234"]
    done = glimpse_from_nothing("openrc", *state, "admin")
    assert "export OS_AUTH_URL=http://127.0.0.1:1234/identity/v3\n" in done.stdout, done.stderr
    assert "export OS_USERNAME=admin\n" in done.stdout
    assert "glimpse-admin" in glimpse_from_nothing("clouds", *state).stdout


def test_openrc_names_an_unknown_user(tmp_path: Path) -> None:
    IdentityFile(tmp_path / "state")
    done = run_glimpse("openrc", "nobody", "--state-dir", str(tmp_path / "state"))
    assert_one_line_error(done, "There is no user nobody")


def test_serve_names_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run_glimpse("serve", "--port", port, "--state-dir", str(tmp_path / "state"))
    assert_one_line_error(done, f"cannot listen on 127.0.0.1:{port}: Address already in use")


def test_serve_refuses_a_state_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run_glimpse("--port", str(free_port()), "--state-dir", str(tmp_path / "file"))
    file = tmp_path / "file"
    assert_one_line_error(done, f"cannot open the state in {file}: File exists: {file}")


def test_check_names_an_option_with_an_invalid_value(tmp_path: Path) -> None:
    file = tmp_path / "glimpse.conf"
    file.write_text("[glimpse]\nworkers = none\n")
    done = run_glimpse("check", "--config-file", str(file))
    assert_one_line_error(done, "workers", "none", "int")


def test_serve_refuses_noauth_on_a_remote_address(tmp_path: Path) -> None:
    file = tmp_path / "glimpse.conf"
    file.write_text("[api]\nauth_strategy = noauth\n")
    address = ["--host", "0.0.0.0", "--port", str(free_port())]
    state = ["--state-dir", str(tmp_path / "state")]
    done = run_glimpse("serve", "--config-file", str(file), *address, *state)
    assert_one_line_error(done, "auth_strategy = noauth lets everyone who reaches 0.0.0.0")


@pytest.mark.parametrize("command", ["serve", "check"])
def test_conflicting_health_options_are_an_error(tmp_path: Path, command: str) -> None:
    file = tmp_path / "glimpse.conf"
    file.write_text("[healthcheck]\nbackends = disable_by_file,enable_by_files\n")
    options = ["--port", str(free_port()), "--state-dir", str(tmp_path / "state")]
    done = run_glimpse(command, "--config-file", str(file), *options)
    assert done.returncode == 1
    assert "exclude each other" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_check_of_the_defaults_finds_no_failure(tmp_path: Path) -> None:
    done = glimpse_from_nothing(
        "check", "--port", str(free_port()), "--state-dir", str(tmp_path / "state")
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout


def test_check_reports_if_the_log_file_can_be_written(tmp_path: Path) -> None:
    conf = tmp_path / "glimpse.conf"
    arguments = ["--port", str(free_port()), "--state-dir", str(tmp_path / "state")]
    for directory, output in ((tmp_path / "nowhere", "FAIL"), (tmp_path, "ok  ")):
        conf.write_text(f"[DEFAULT]\nlog_dir = {directory}\n")
        done = run_glimpse("check", "--config-file", str(conf), *arguments)
        line = next(line for line in done.stdout.splitlines() if "glimpse.log" in line)
        assert line.startswith(output), done.stdout
        assert done.returncode == (output == "FAIL")


@pytest.mark.parametrize("command", ["serve", "check", "load", "dump"])
def test_an_invalid_catalog_is_an_error(tmp_path: Path, command: str) -> None:
    (tmp_path / "catalog.sqlite").write_bytes(b"nonsense" * 1000)
    (tmp_path / "images.jsonl").write_text(image_line(1))
    address = ["--port", str(free_port())] if command in ("serve", "check") else []
    file = [str(tmp_path / "images.jsonl")] if command == "load" else []
    done = run_glimpse(command, *file, *address, "--state-dir", str(tmp_path))
    assert done.returncode == 1
    assert f"The catalog {tmp_path}/catalog.sqlite cannot be opened" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr


@pytest.mark.parametrize("command", ["serve", "check", "openrc", "clouds"])
def test_an_invalid_identity_file_is_an_error(tmp_path: Path, command: str) -> None:
    (tmp_path / "identity.json").write_text("nonsense")
    done = run_glimpse(command, "--port", str(free_port()), "--state-dir", str(tmp_path))
    assert done.returncode == 1
    assert f"{tmp_path}/identity.json" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("name", "content"), [("token.key", b"short"), ("revocations.sqlite", b"nonsense" * 1000)]
)
def test_serve_refuses_an_invalid_token_key_or_revocation_list(
    tmp_path: Path, name: str, content: bytes
) -> None:
    """With an empty key, for example, anybody could forge tokens."""
    (tmp_path / name).write_bytes(content)
    done = run_glimpse("serve", "--port", str(free_port()), "--state-dir", str(tmp_path))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr, done.stderr
    assert ("token.key" if name == "token.key" else "Revocations") in done.stderr.splitlines()[-1]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_serve_names_a_state_directory_without_write_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    done = run_glimpse("serve", "--port", str(free_port()), "--state-dir", str(tmp_path / "state"))
    tmp_path.chmod(0o700)
    assert_one_line_error(done, "Permission denied", str(tmp_path))


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    with GlimpseProcess(tmp_path / "state", arguments=["--workers", "2"]) as process:
        before = _workers(process, set())
        os.kill(min(before), signal.SIGKILL)
        after = _workers(process, {min(before)})
        assert len(after) == 2
        assert request(process.address, "GET", "/").status in (200, 300)


def _workers(process: GlimpseProcess, without: set[int]) -> set[int]:
    """Wait for two workers of which none is in `without`; return their process ids."""
    deadline = time.monotonic() + 20
    found: set[int] = set()
    while time.monotonic() < deadline:
        found = set(process.children())
        if len(found) == 2 and not found & without:
            break
        time.sleep(0.05)
    return found
