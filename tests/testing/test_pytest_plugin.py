"""The pytest plugin, in sessions of pytest that have it and no other."""

import os
import re
import resource
import subprocess
import sys
import time
import tomllib
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from textwrap import dedent, indent

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "pytest"
PLUGIN = "glimpse.pytest_plugin"


def run_pytest(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of a directory in a session that has only the plugins named here."""
    command = [sys.executable, "-m", "pytest", "-p", PLUGIN, "-p", "no:cacheprovider", *arguments]
    # With these variables, pytest does not shorten the messages in its summary to a line.
    ci = {"CI", "BUILD_NUMBER"}
    environment = {name: value for name, value in os.environ.items() if name not in ci}
    return subprocess.run(
        command,
        cwd=directory,
        env={**environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def write_test(directory: Path, text: str) -> None:
    (directory / "pytest.ini").write_text("[pytest]\n")
    (directory / "test_sample.py").write_text(dedent(text))


def test_the_thirty_tests_of_the_example_pass() -> None:
    began, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = run_pytest(EXAMPLE)
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b30 passed in\b", done.stdout), done.stdout  # without warnings
    sys.stdout.write(f"30 tests took {seconds:.2f} s, of which {cpu:.2f} s of CPU time\n")


def test_the_documented_tests_pass(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "testing.md").read_text()
    tests, program, fault = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    program = "\n\ndef test_cloud():\n" + indent(program, "    ")
    write_test(tmp_path, f"{tests}\n\n{fault}{program}")
    seed = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[0]
    (tmp_path / "cloud.yaml").write_text(seed)
    done = run_pytest(tmp_path, "--glimpse-seed", "cloud.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b4 passed\b", done.stdout), done.stdout


def test_each_process_of_xdist_has_a_cloud_of_its_own() -> None:
    done = run_pytest(EXAMPLE, "-p", "xdist", "-n", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b30 passed\b", done.stdout), done.stdout


def test_the_seed_of_the_command_line_comes_first(tmp_path: Path) -> None:
    write_test(
        tmp_path,
        """
        def test_seed(glimpse_cloud):
            names = [image.name for image in glimpse_cloud.connection().image.images()]
            assert names == ["mine"]
        """,
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nglimpse_seed = none.yaml\n")
    (tmp_path / "mine.yaml").write_text("images: [{name: mine, owner: demo}]\n")
    done = run_pytest(tmp_path, "--glimpse-seed", "mine.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_invalid_seed_is_an_error_with_its_problems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "500")  # of the summary
    write_test(tmp_path, "def test_seed(glimpse): pass\n")
    (tmp_path / "bad.yaml").write_text("images: [{name: mine}]\n")
    done = run_pytest(tmp_path, "--glimpse-seed", "bad.yaml")
    assert done.returncode == 1
    assert "bad.yaml, line 1, images[0]: owner is missing" in done.stdout, done.stdout
    assert "def wait" not in done.stdout, done.stdout  # no source text of Glimpse
    assert "During handling of the above exception" not in done.stdout, done.stdout
    summary = done.stdout.splitlines()[-2]
    assert summary.startswith("ERROR test_sample.py::test_seed - Failed: glimpse serve failed: ")
    assert summary.endswith(
        "bad.yaml, line 1, images[0]: owner is missing: a project, or null for none."
    )


def test_the_report_of_a_failure_has_the_requests(tmp_path: Path) -> None:
    write_test(
        tmp_path,
        """
        def test_failure(glimpse_cloud):
            list(glimpse_cloud.connection().image.images())
            assert False
        """,
    )
    done = run_pytest(tmp_path)
    assert done.returncode == 1
    assert "- Requests to Glimpse -" in done.stdout, done.stdout
    assert "GET /image/v2/images: 200 (image.list_images, req-" in done.stdout, done.stdout


def test_the_report_of_a_failed_setup_has_the_errors_that_clients_got(tmp_path: Path) -> None:
    write_test(
        tmp_path,
        """
        import pytest

        @pytest.fixture
        def image(glimpse):
            return glimpse.connection().image.create_image("a", visibility="shred")

        def test_image(image): pass
        """,
    )
    done = run_pytest(tmp_path)
    assert done.returncode == 1
    requests = done.stdout.partition("- Requests to Glimpse -")[2]
    assert "POST /image/v2/images: 400 (image.create_image, req-" in requests, done.stdout
    assert re.search(r'\n  request: \{.*"visibility":"shred"', requests), requests
    assert "\n  response: Invalid value for 'visibility': it must be one of " in requests, requests


def test_a_fault_that_is_refused_is_an_error_of_the_line_of_the_test(tmp_path: Path) -> None:
    write_test(tmp_path, "def test_fault(glimpse): glimpse.faults.add(stauts=1)\n")
    done = run_pytest(tmp_path)
    assert "stauts: this key is unknown: did you mean status?" in done.stdout, done.stdout
    assert "test_sample.py:1: ControlFailed" in done.stdout, done.stdout


def test_a_failure_is_reported_even_if_the_cloud_has_ended(tmp_path: Path) -> None:
    write_test(
        tmp_path,
        """
        import os
        import signal

        def test_failure(glimpse_cloud):
            os.kill(glimpse_cloud.pid, signal.SIGKILL)
            glimpse_cloud.reset()

        def test_without_cloud():
            pass
        """,
    )
    done = run_pytest(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    assert "The cloud does not respond: " in done.stdout.partition("- Requests to Glimpse -")[2]


def test_a_session_that_needs_no_cloud_loads_nothing_of_it(tmp_path: Path) -> None:
    write_test(
        tmp_path,
        """
        import sys

        def test_modules():
            loaded = {name for name in sys.modules if name.startswith("glimpse.")}
            assert loaded == {"glimpse.pytest_plugin"}
        """,
    )
    done = run_pytest(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def write_session(directory: Path, tests: str) -> Path:
    """Write tests, a seed that the ini file names, and a plugin that lists the processes.

    Return the file with the commands of all processes of Glimpse: at the end of the collection,
    and at the end of the session.
    """
    write_test(directory, tests)
    (directory / "cloud.yaml").write_text("images: []\n")
    (directory / "pytest.ini").write_text("[pytest]\nglimpse_seed = cloud.yaml\n")
    listed = directory / "processes"
    (directory / "conftest.py").write_text(
        dedent(
            f"""
            import subprocess, sys
            started = []
            class Popen(subprocess.Popen):
                def __init__(self, *arguments, **options):
                    super().__init__(*arguments, **options)
                    started.append(self)
            subprocess.Popen = Popen
            def pytest_collection_modifyitems():
                note("collected")
            def pytest_unconfigure():
                note("ended")
            def note(event):
                running = sum(each.poll() is None for each in started)
                with open({str(listed)!r}, "a") as file:
                    file.write(f"{{event}}: {{len(started)}} started, {{running}} running\\n")
            """
        )
    )
    return listed


def test_the_cloud_of_a_seed_starts_before_the_tests_are_imported(tmp_path: Path) -> None:
    listed = write_session(tmp_path, "def test_cloud(glimpse_cloud): glimpse_cloud.reset()")
    done = run_pytest(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    first, last = listed.read_text().splitlines()
    assert first == "collected: 1 started, 1 running"
    assert last == "ended: 1 started, 0 running"


def test_a_cloud_that_no_test_needs_is_stopped(tmp_path: Path) -> None:
    listed = write_session(tmp_path, "def test_other(): pass")
    done = run_pytest(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert listed.read_text().startswith("collected: 1 started")
    assert running_clouds(tmp_path) == []


def test_a_session_that_only_lists_tests_starts_no_cloud(tmp_path: Path) -> None:
    listed = write_session(tmp_path, "def test_cloud(glimpse_cloud): pass")
    assert run_pytest(tmp_path, "--collect-only").returncode == 0
    assert listed.read_text().splitlines()[0] == "collected: 0 started, 0 running"


def test_errors_of_the_collection_leave_no_cloud(tmp_path: Path) -> None:
    write_session(tmp_path, "import nosuchmodule")
    assert run_pytest(tmp_path).returncode == 2
    assert running_clouds(tmp_path) == []


def running_clouds(directory: Path) -> list[str]:
    """Return the commands of the processes of Glimpse that have the seed in `directory`."""
    seed = str(directory / "cloud.yaml").encode()
    commands = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            commands.append(process.read_bytes())
    return [command.decode(errors="replace") for command in commands if seed in command]


def test_the_entry_point_names_the_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (module,) = project["entry-points"]["pytest11"].values()
    assert module == PLUGIN
    assert import_module(module).pytest_addoption
