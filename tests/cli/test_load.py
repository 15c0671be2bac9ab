"""``glimpse load`` as a process: output, exit status, and what the catalog has then."""

import json
import signal
import sqlite3
import subprocess
import sys
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.errors import assert_one_line_error
from tests.support.process import run_glimpse, wait_until


def test_records_are_loaded_from_json_lines(tmp_path: Path) -> None:
    image = (
        '{"id": "11111111-1111-4111-8111-111111111111", "name": "a", "status": "active",'
        ' "visibility": "public", "owner": "p", "created_at": "2024-01-01T00:00:00Z",'
        ' "updated_at": "2024-01-01T00:00:00Z"}\n'
    )
    file = tmp_path / "images.jsonl"
    file.write_text(image)
    done = run_glimpse("load", str(file), "--without-data", "--state-dir", str(tmp_path / "state"))
    assert done.stdout.startswith("1 images loaded"), done.stderr


def test_an_active_image_without_data_is_refused_and_its_path_is_named(tmp_path: Path) -> None:
    file, state = tmp_path / "images.jsonl", tmp_path / "state"
    file.write_text(image_line(1))
    done = run_glimpse("load", str(file), "--state-dir", str(state))
    path = state / "data" / str(uuid.UUID(int=1))
    assert_one_line_error(done, f"{file}, line 1: ", "missing", f"copy it to {path}")
    path.write_bytes(b"data")
    done = run_glimpse("load", str(file), "--state-dir", str(state))
    assert done.stdout == f"1 images loaded into {state}\n", done.stderr


def test_an_image_that_a_file_has_twice_is_counted_once(tmp_path: Path) -> None:
    file = tmp_path / "images.jsonl"
    file.write_text(image_line(1) + image_line(2) + image_line(1))
    done = run_glimpse("load", "--without-data", str(file), "--state-dir", str(tmp_path / "state"))
    assert done.stdout.startswith("2 images loaded"), done.stderr


def test_a_page_of_glance_is_loaded_and_the_next_page_is_named(tmp_path: Path) -> None:
    """With the attributes that Glance adds to a list."""
    images = [json.loads(image_line(number)) for number in (1, 2)]
    for image in images:
        path = f"/v2/images/{image['id']}"
        image |= {"self": path, "file": f"{path}/file", "schema": "/v2/schemas/image"}
        image |= {"stores": "file", "locations": [], "os_distro": "debian", "tags": ["a"]}
    more = f"/v2/images?marker={images[1]['id']}"
    page = {"images": images, "first": "/v2/images", "next": more, "schema": "/v2/schemas/images"}
    file, state = tmp_path / "page.json", ["--state-dir", str(tmp_path / "state")]
    file.write_text(json.dumps(page))
    done = run_glimpse("load", "--without-data", str(file), *state)
    assert done.stdout.startswith("2 images loaded"), done.stderr
    assert done.stderr == (
        f"glimpse: this is one page of a list: load the other pages, too; the next is {more}\n"
    )
    last = {"images": [json.loads(image_line(3))], "schema": "/v2/schemas/images"}
    file.write_text(json.dumps(page) + "\n" + json.dumps(last))
    done = run_glimpse("load", "--without-data", str(file), *state)
    assert (done.stdout.split()[0], done.stderr) == ("3", "")


@pytest.mark.parametrize("text", ["{", "[]", '{"id": 1}', "\0", '"\\ud800"'])
def test_load_names_the_line_of_an_invalid_record(tmp_path: Path, text: str) -> None:
    file = tmp_path / "images.jsonl"
    file.write_text("\n" + text + "\n")
    done = run_glimpse("load", str(file), "--state-dir", str(tmp_path / "state"))
    assert_one_line_error(done, f"{file}, line 2: ")


def test_no_image_of_a_batch_with_an_invalid_line_is_stored(tmp_path: Path) -> None:
    file, state = tmp_path / "images.jsonl", ["--state-dir", str(tmp_path / "state")]
    file.write_text(image_line(1) + "{\n" + image_line(2))
    done = run_glimpse("load", "--without-data", str(file), *state)
    assert_one_line_error(done, f"{file}, line 2: ")
    assert run_glimpse("dump", *state).stderr == "0 images dumped\n"
    file.write_text(image_line(1) + image_line(2))
    for _ in range(2):  # loading again replaces them
        done = run_glimpse("load", "--without-data", str(file), *state)
        assert done.stdout.startswith("2 images loaded into "), done.stderr
    assert run_glimpse("dump", *state).stderr == "2 images dumped\n"


def test_load_rejects_a_line_without_end(tmp_path: Path) -> None:
    with Path("/dev/zero").open("rb") as endless:
        done = run_glimpse("load", "-", "--state-dir", str(tmp_path / "state"), stdin=endless)
    assert_one_line_error(done, "-, line 1: ", "bytes")


def test_an_interrupted_load_keeps_complete_transactions_and_can_be_repeated(
    tmp_path: Path,
) -> None:
    state = ["--state-dir", str(tmp_path / "state")]
    lines = [image_line(number) for number in range(30_000)]
    command = [sys.executable, "-m", "glimpse", "load", "-", "--without-data", *state]
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:  # type: ignore[call-overload]  # of a mapping of options
        process.stdin.write("".join(lines[:25_000]).encode())
        process.stdin.flush()
        _wait_for_images(tmp_path / "state", 10_000)
        process.send_signal(signal.SIGINT)  # the command waits for more input
        assert process.wait(20) == 130
        output = process.stderr.read()
    assert output.decode() == "glimpse: interrupted; load the file again to complete it\n"
    assert _count_images(tmp_path / "state") in (10_000, 20_000), "a part of a transaction"
    (tmp_path / "images.jsonl").write_text("".join(lines))
    done = run_glimpse("load", "--without-data", str(tmp_path / "images.jsonl"), *state)
    assert done.returncode == 0, done.stderr
    assert _count_images(tmp_path / "state") == 30_000


def image_line(number: int) -> str:
    moment = "2024-01-01T00:00:00Z"
    dates = {"created_at": moment, "updated_at": moment}
    return json.dumps({"id": str(uuid.UUID(int=number)), "status": "active", **dates}) + "\n"


def _count_images(state_dir: Path) -> int:
    with closing(sqlite3.connect(state_dir / "catalog.sqlite", timeout=20)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM images").fetchone()[0])
        except sqlite3.OperationalError:  # the table does not exist yet
            return 0


def _wait_for_images(state_dir: Path, count: int) -> None:
    wait_until(
        lambda: (state_dir / "catalog.sqlite").exists() and _count_images(state_dir) >= count,
        f"{count} images were not loaded in time",
    )


def test_load_names_a_missing_file(tmp_path: Path) -> None:
    done = run_glimpse("load", str(tmp_path / "nowhere"), "--state-dir", str(tmp_path / "state"))
    assert_one_line_error(done, f"cannot read {tmp_path}/nowhere: No such file or directory")
