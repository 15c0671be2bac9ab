"""The pytest plugin, in sessions of pytest that have it and no other."""

import os
import re
import resource
import subprocess
import sys
import time
import tomllib
from importlib import import_module
from pathlib import Path
from textwrap import dedent, indent

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "pytest"
PLUGIN = "glimpse.pytest_plugin"


def run_pytest(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of a directory in a session that has only the plugins named here."""
    command = [sys.executable, "-m", "pytest", "-p", PLUGIN, "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
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


def test_an_invalid_seed_is_an_error_with_its_problems(tmp_path: Path) -> None:
    write_test(tmp_path, "def test_seed(glimpse): pass\n")
    (tmp_path / "bad.yaml").write_text("images: [{name: mine}]\n")
    done = run_pytest(tmp_path, "--glimpse-seed", "bad.yaml")
    assert done.returncode == 1
    assert "bad.yaml, line 1, images[0]: owner is missing" in done.stdout, done.stdout


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


def test_the_entry_point_names_the_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (module,) = project["entry-points"]["pytest11"].values()
    assert module == PLUGIN
    assert import_module(module).pytest_addoption
