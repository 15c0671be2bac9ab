"""One `glimpse serve` at a time uses a state directory; other commands use it meanwhile."""

import errno
import fcntl
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from glimpse.cli.errors import CommandFailed
from glimpse.cli.state_lock import StateLock
from tests.acceptance.uploads import HALF, create_image, half_upload
from tests.cli.test_load import image_line
from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.http import read_response, request
from tests.support.process import (
    GlimpseProcess,
    ServerProcess,
    free_port,
    run_glimpse,
    wait_until,
)
from tests.support.ready_process import ReadyProcess

OWNER = Member("owner", f"{1:032x}", ("member",))
NOAUTH = "[api]\nauth_strategy = noauth\n"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GlimpseProcess]:
    with GlimpseProcess(tmp_path_factory.mktemp("served") / "state") as started:
        yield started


def refusal(state_dir: Path, *arguments: str) -> str:
    """Return what a second `glimpse serve` prints, which does not start."""
    address = ["--port", str(free_port())]
    done = run_glimpse("serve", *address, "--state-dir", str(state_dir), *arguments)
    assert done.returncode == 1, done.stdout
    return done.stderr


def expected_refusal(process: GlimpseProcess) -> str:
    return (
        f"glimpse: process {process.pid} serves at http://127.0.0.1:{process.port} with the state "
        f"directory {process.state_dir}: stop it, or choose another --state-dir\n"
    )


def has_responded(process: ServerProcess) -> bool:
    return request(process.address, "GET", "/").status in (200, 300)


def listens(process: ServerProcess) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(process.address) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_second_serve_is_refused_and_names_the_first_one(tmp_path: Path, workers: str) -> None:
    with GlimpseProcess(tmp_path / "state", arguments=["--workers", workers]) as process:
        assert refusal(tmp_path / "state") == expected_refusal(process)
        assert has_responded(process)
        assert process.stop() == 0
    with GlimpseProcess(tmp_path / "state") as following:
        assert has_responded(following)


def test_without_users_of_its_own_a_second_serve_is_refused_too(tmp_path: Path) -> None:
    config = tmp_path / "glimpse.conf"
    config.write_text(NOAUTH)
    arguments = ["--config-file", str(config)]
    with GlimpseProcess(tmp_path / "state", arguments=arguments) as process:
        assert refusal(tmp_path / "state", *arguments) == expected_refusal(process)


def test_a_seed_does_not_empty_a_directory_that_is_served(tmp_path: Path) -> None:
    seed = tmp_path / "cloud.yaml"
    seed.write_text("images: [{name: disk, owner: demo, data: {size: 1}}]\n")
    with ReadyProcess(tmp_path, "--seed", str(seed)) as first:
        assert first.stop() == 0
    with GlimpseProcess(tmp_path / "state") as process:
        assert has_responded(process)
        before = sorted((tmp_path / "state").rglob("*"))
        assert refusal(tmp_path / "state", "--seed", str(seed)) == expected_refusal(process)
        assert sorted((tmp_path / "state").rglob("*")) == before


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_killed_process_leaves_no_lock(tmp_path: Path, workers: str) -> None:
    """Its workers, which complete their requests, do not have the lock either."""
    seed_identity(tmp_path / "state", [OWNER])
    process = GlimpseProcess(tmp_path / "state", arguments=["--workers", workers])
    cloud = EmbeddedCloud(process)
    with process:
        with half_upload(cloud, create_image(cloud)):
            os.kill(process.pid, signal.SIGKILL)
            with GlimpseProcess(tmp_path / "state") as following:
                assert has_responded(following)
        process.kill()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_next_process_starts_while_the_one_before_completes_its_requests(
    tmp_path: Path, workers: str
) -> None:
    seed_identity(tmp_path / "state", [OWNER])
    process = GlimpseProcess(tmp_path / "state", arguments=["--workers", workers])
    cloud = EmbeddedCloud(process)
    with process:
        with half_upload(cloud, create_image(cloud)) as upload:
            os.kill(process.pid, signal.SIGTERM)
            wait_until(lambda: not listens(process), "it still listens")
            with GlimpseProcess(tmp_path / "state", port=process.port) as following:
                assert has_responded(following)
                upload.sendall(HALF)
                response = read_response(upload, "PUT")
                assert response.status == 204, str(response)
        assert process.stop() == 0, process.log.read_text()


def test_a_reload_keeps_the_lock_and_the_state_directory(tmp_path: Path) -> None:
    config = tmp_path / "glimpse.conf"
    config.write_text(f"[glimpse]\nstate_dir = {tmp_path / 'state'}\n")
    port, log = free_port(), tmp_path / "log"
    command = [sys.executable, "-m", "glimpse", "serve", "--port", str(port)]
    with ServerProcess([*command, "--config-file", str(config)], port, log) as process:
        assert has_responded(process)
        config.write_text(f"[glimpse]\nstate_dir = {tmp_path / 'other'}\n")
        os.kill(process.pid, signal.SIGHUP)
        wait_until(lambda: "was read again" in process.log.read_text(), "no reload")
        assert "state_dir, host, ports, workers and [metrics] change with a restart" in (
            process.log.read_text()
        )
        assert refusal(tmp_path / "state").startswith(f"glimpse: process {process.pid} serves at ")
        assert not (tmp_path / "other").exists()


def test_ephemeral_clouds_run_side_by_side(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with (
        ReadyProcess(tmp_path, "--ephemeral") as one,
        ReadyProcess(tmp_path / "other", "--ephemeral") as other,
    ):
        assert one.document["state_dir"] != other.document["state_dir"]


def test_gateways_share_a_state_directory(tmp_path: Path) -> None:
    """It has nothing but lock files, which several processes need in common."""
    config = tmp_path / "nova.conf"
    config.write_text(
        f"{NOAUTH}[glimpse]\nimage_service = glance\n[glance]\n"
        "api_servers = http://127.0.0.1:1\n[metrics]\nport = 0\n"
    )
    arguments = ["--config-file", str(config)]
    with (
        GlimpseProcess(tmp_path / "state", arguments=arguments) as one,
        GlimpseProcess(tmp_path / "state", arguments=arguments) as other,
    ):
        assert has_responded(one)
        assert has_responded(other)


@pytest.mark.parametrize(
    "arguments",
    [
        lambda _: ["openrc"],
        lambda _: ["clouds"],
        lambda _: ["user", "add", "ann"],
        lambda _: ["user", "list"],
        lambda _: ["project", "add", "tour"],
        lambda directory: ["load", "--without-data", str(directory / "images.jsonl")],
        lambda _: ["dump"],
        lambda _: ["check", "--no-bind"],
        lambda _: ["healthcheck"],
    ],
)
def test_other_commands_use_the_directory_meanwhile(
    process: GlimpseProcess, tmp_path: Path, arguments: Callable[[Path], list[str]]
) -> None:
    (tmp_path / "images.jsonl").write_text(image_line(1))
    done = run_glimpse(*arguments(tmp_path), "--state-dir", str(process.state_dir))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_file_system_without_locks_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lockf(*_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "lockf", lockf)
    expected = f"cannot lock the state in {tmp_path}: No locks available"
    with pytest.raises(CommandFailed, match=f"^{re.escape(expected)}$"):
        StateLock().acquire(tmp_path)
