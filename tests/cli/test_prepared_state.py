"""`glimpse serve` with --seed, --ephemeral and --ready-file."""

import argparse
import errno
import os
import shlex
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from glimpse.cli import prepared_state
from glimpse.cli.ephemeral_directory import ephemeral_directory
from glimpse.cli.errors import CommandFailed
from glimpse.cli.prepared_state import prepare_state
from glimpse.cli.state_lock import StateLock
from glimpse.embedded.options import EmbeddedOptions
from glimpse.seed.apply import read_seed
from glimpse.seed.seed import Seed
from glimpse.settings import load_settings
from tests.support.cloud import request_token
from tests.support.http import Response, request
from tests.support.process import GlimpseProcess, run_glimpse, wait_until
from tests.support.ready_process import ReadyProcess

ID = "5b9a9f0e-7a0c-4b2e-9d5b-0f2f0d2f5d11"
SEED = f"""
images:
  - {{id: {ID}, name: disk, owner: demo, data: {{size: 1 MiB}}}}
"""


@contextmanager
def serving(directory: Path, *arguments: str) -> Iterator[ReadyProcess]:
    with ReadyProcess(directory, *arguments) as process:
        yield process


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    path = tmp_path / "cloud.yaml"
    path.write_text(SEED)
    return path


def get(url: str, token: str, method: str = "GET") -> Response:
    parts = urlsplit(url)
    address = str(parts.hostname), int(parts.port or 80)
    return request(address, method, parts.path, {"X-Auth-Token": token})


def token_of(document: dict[str, Any]) -> str:
    domain = {"id": "default"}
    user = {"name": "demo", "domain": domain, "password": "secret"}
    scope = {"project": {"name": "demo", "domain": domain}}
    identity = {"methods": ["password"], "password": {"user": user}}
    url = document["identity"].removesuffix("/v3")
    return request_token(url, {"identity": identity, "scope": scope})


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_ephemeral_cloud_has_the_seed_and_is_gone_after_sigterm(
    tmp_path: Path, seed: Path, workers: str
) -> None:
    with serving(tmp_path, "--ephemeral", "--seed", str(seed), "--workers", workers) as process:
        document = process.document
        state_dir = Path(document["state_dir"])
        assert stat.S_IMODE(process.ready_file.stat().st_mode) == 0o600
        assert stat.S_IMODE(state_dir.parent.stat().st_mode) == 0o700
        assert Path(document["credentials"]).exists()
        token = token_of(document)
        shown = get(f"{document['image']}/v2/images/{ID}", token)
        assert shown.json()["size"] == 2**20, str(shown)
        listed = get(f"{document['compute']}/images", token)
        assert [each["id"] for each in listed.json()["images"]] == [ID], str(listed)
        assert process.stop() == 0, process.log.read_text()
    assert not state_dir.parent.exists()
    assert not process.ready_file.exists()


def test_a_seeded_state_directory_has_the_seed_again_at_every_start(
    tmp_path: Path, seed: Path
) -> None:
    for _ in range(2):
        with serving(tmp_path, "--seed", str(seed)) as process:
            document = process.document
            token = token_of(document)
            url = f"{document['image']}/v2/images/{ID}"
            assert get(url, token).status == 200
            deleted = get(url, token, "DELETE")
            assert deleted.status == 204, str(deleted)


def test_a_seed_does_not_replace_a_cloud_that_no_seed_made(tmp_path: Path, seed: Path) -> None:
    state_dir = tmp_path / "state"
    with GlimpseProcess(state_dir):
        pass
    before = sorted(state_dir.iterdir())
    done = run_glimpse("serve", "--state-dir", str(state_dir), "--seed", str(seed), "--port", "0")
    assert done.returncode == 1
    assert done.stderr == (
        f"glimpse: {state_dir} has a cloud that the seed would replace: use --ephemeral, or "
        "--state-dir with a new directory.\n"
    )
    assert sorted(state_dir.iterdir()) == before


def test_a_seed_replaces_a_link_to_a_directory_and_keeps_what_is_there(
    tmp_path: Path, seed: Path
) -> None:
    state, elsewhere = tmp_path / "state", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("precious")
    with serving(tmp_path, "--seed", str(seed)):
        pass
    (state / "link").symlink_to(elsewhere)
    with serving(tmp_path, "--seed", str(seed)) as process:
        url = f"{process.document['image']}/v2/images/{ID}"
        assert get(url, token_of(process.document)).status == 200
    assert (elsewhere / "kept").read_text() == "precious"


def test_a_state_directory_that_is_served_is_not_seeded_again(tmp_path: Path, seed: Path) -> None:
    with serving(tmp_path, "--seed", str(seed)) as process:
        state_dir = str(process.state_dir)
        done = run_glimpse("serve", "--state-dir", state_dir, "--seed", str(seed), "--port", "0")
        assert done.stderr.startswith(f"glimpse: process {process.pid} serves at http://127.0.0.1:")


def test_each_problem_of_a_seed_is_a_line_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "cloud.yaml"
    path.write_text("images:\n  - {name: one}\n  - {owner: none}\n")
    state_dir = tmp_path / "state"
    done = run_glimpse("serve", "--state-dir", str(state_dir), "--seed", str(path), "--port", "0")
    assert done.returncode == 1
    assert done.stderr == (
        f"glimpse: {path}, line 2, images[0]: owner is missing: a project, or null for none.\n"
        f"glimpse: {path}, line 3, images[1].owner: the name or id of a project is expected; "
        "there are: admin, alt, demo.\n"
    )
    assert not state_dir.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ephemeral", "--state-dir", "state"], "--ephemeral keeps nothing: leave --state-dir"),
        (["--seed", "none.yaml"], "cannot read none.yaml: No such file or directory"),
        (["--stop-with-stdin", "--workers", "2", "--ephemeral"], "--stop-with-stdin needs one"),
        (["--ready-file", "none/ready.json"], "cannot write the ready file none/ready.json"),
    ],
)
def test_options_that_cannot_be_used_are_refused(
    tmp_path: Path, arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    done = run_glimpse("serve", "--port", "0", *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith(f"glimpse: {message}"), done.stderr


def test_a_gateway_cannot_be_seeded(tmp_path: Path) -> None:
    config = tmp_path / "nova.conf"
    config.write_text("[keystone_authtoken]\nauth_url = http://127.0.0.1:1/v3\n")
    done = run_glimpse("serve", "--config-file", str(config), "--ephemeral")
    assert done.stderr == (
        "glimpse: --seed and --ephemeral need the embedded services, not a gateway.\n"
    )


def test_the_state_of_a_killed_process_is_removed_by_the_next(tmp_path: Path) -> None:
    with serving(tmp_path, "--ephemeral") as process:
        abandoned = Path(process.document["state_dir"]).parent
        process.kill()
    assert abandoned.exists()
    with ephemeral_directory() as other, ephemeral_directory() as another:
        assert not abandoned.exists()
        assert other.exists()
        assert another.exists()


def test_a_reload_keeps_the_ephemeral_state(tmp_path: Path, seed: Path) -> None:
    with serving(tmp_path, "--ephemeral", "--seed", str(seed)) as process:
        document = process.document
        token = token_of(document)
        os.kill(process.pid, 1)
        wait_until(lambda: "was read again" in process.log.read_text(), "no reload")
        assert get(f"{document['image']}/v2/images/{ID}", token).status == 200


MUCH_DATA = "images: [{name: big, owner: demo, data: {size: 100 GiB}}]"


def test_a_seed_that_cannot_be_written_is_an_error_and_leaves_no_part(
    tmp_path: Path, seed: Path
) -> None:
    state_dir = tmp_path / "state"
    command = [sys.executable, "-m", "glimpse", "serve", "--port", "0"]
    command += ["--state-dir", str(state_dir), "--seed", str(seed)]
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 512; {shlex.join(command)}"],  # 512 KiB, a half of the image
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]  # after the log line that has the error of the system
    assert last.startswith(f"glimpse: cannot write the seed {seed} to {state_dir}: There is not")
    assert " Free some space, or give images a status and a size in place of data." in last
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in state_dir.iterdir()) == [".seeded", "serve.lock"]


def prepare(seed: Path, state_dir: Path) -> None:
    """Fill a state directory from a seed in this process."""
    options = argparse.Namespace(seed=seed, ephemeral=False)
    settings = load_settings(overrides={"glimpse.state_dir": str(state_dir)})
    with ExitStack() as stack:
        prepare_state(options, settings, stack, StateLock())


def test_a_file_of_data_that_vanishes_is_an_error_of_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, data, state_dir = tmp_path / "cloud.yaml", tmp_path / "data", tmp_path / "state"
    path.write_text("images: [{name: disk, owner: demo, data: {file: data}}]")
    data.write_bytes(b"data")

    def read_then_remove(path: Path, options: EmbeddedOptions) -> Seed:
        seed = read_seed(path, options)
        data.unlink()
        return seed

    monkeypatch.setattr(prepared_state, "read_seed", read_then_remove)
    with pytest.raises(CommandFailed, match=r"cannot write the seed .*No such file"):
        prepare(path, state_dir)
    assert sorted(path.name for path in state_dir.iterdir()) == [".seeded", "serve.lock"]


@pytest.mark.parametrize(
    ("error", "raised", "message"),
    [
        (OSError(errno.ENOSPC, "No space left"), CommandFailed, "No space left"),
        (KeyboardInterrupt("interrupted"), KeyboardInterrupt, "interrupted"),
    ],
)
def test_a_directory_that_cannot_be_emptied_does_not_hide_why_the_seed_was_not_written(
    tmp_path: Path,
    seed: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    raised: type[BaseException],
    message: str,
) -> None:
    async def fail(_: object, state_dir: Path, *__: object) -> None:
        (state_dir / "file").touch()
        monkeypatch.setattr(Path, "unlink", refuse)
        raise error

    def refuse(_: Path) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(prepared_state, "apply_seed", fail)
    with pytest.raises(raised, match=message):
        prepare(seed, tmp_path / "state")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_writing_of_a_seed(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    path, state_dir = tmp_path / "cloud.yaml", tmp_path / "state"
    path.write_text(MUCH_DATA)
    command = [sys.executable, "-m", "glimpse", "serve", "--port", "0"]
    command += ["--state-dir", str(state_dir), "--seed", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("glimpse: writing 102400 MiB of image data; to start at once, "), (
            line
        )
        process.send_signal(number)
        assert process.stderr.read() == ""
        assert process.wait(20) == status
    assert sorted(path.name for path in state_dir.iterdir()) == [".seeded", "serve.lock"]
