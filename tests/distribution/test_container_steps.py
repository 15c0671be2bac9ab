"""The steps of the Containerfile that install Glimpse, run in a directory of this machine.

No image is built: its base image cannot be had everywhere.
"""

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.distribution.packages import ENVIRONMENT, copy_checkout, run, run_command
from tests.support.process import ServerProcess, free_port
from tests.support.virtual_environments import CHECKOUT

pytestmark = pytest.mark.dist

RECIPE = (CHECKOUT / "Containerfile").read_text()
LARGEST_IMAGE = 120_000_000  # bytes
BASE_IMAGE = 53_000_000  # bytes that gcr.io/distroless/python3-debian12 has


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that the container has as /opt/glimpse."""
    if shutil.which("strip") is None:
        pytest.skip("strip is missing; on Debian, as root: apt-get install binutils")
    directory = tmp_path_factory.mktemp("container")
    copy_checkout(directory / "build")
    extras = re.search(r"^ARG (EXTRAS)=(\S+)$", RECIPE, re.MULTILINE)
    assert extras
    for step in re.findall(r"^RUN ((?:.*\\\n)*.*)$", RECIPE, re.MULTILINE):
        if "/opt/glimpse" in step:
            step = step.replace("/opt/glimpse", f"{directory}/opt")  # noqa: PLW2901
            step = step.replace("/build", f"{directory}/build")  # noqa: PLW2901
            environment = ENVIRONMENT | {extras[1]: extras[2]}
            run_command(["sh", "-euc", step], directory, environment)
    return directory / "opt"


def test_the_image_has_less_than_120_megabytes(installed: Path) -> None:
    size = sum(
        path.stat(follow_symlinks=False).st_size
        for path in installed.rglob("*")
        if path.is_file() and not path.is_symlink()
    )
    assert BASE_IMAGE + size < LARGEST_IMAGE, f"{size:,} bytes are installed"


def test_the_health_check_of_the_image_succeeds_only_while_it_serves(
    installed: Path, tmp_path: Path
) -> None:
    port = free_port()
    variables = {"OS_GLIMPSE__PORT": str(port), "XDG_DATA_HOME": str(tmp_path)}
    programs = installed / "bin"
    command = [str(programs / "glimpse"), "serve"]
    healthcheck = [str(programs / "glimpse"), "healthcheck"]
    environment = {"PYTHONPATH": "", **variables}
    with ServerProcess(command, port, tmp_path / "log", environment=environment):
        assert run_command(healthcheck, tmp_path, os.environ | environment) == "OK\n"
    with pytest.raises(AssertionError, match="does not respond"):
        run_command(healthcheck, tmp_path, os.environ | environment)


def test_the_image_has_no_installer_and_no_tests_of_libraries(installed: Path) -> None:
    assert not [path for path in installed.rglob("tests") if path.is_dir()]
    assert not (installed / "bin" / "pip").exists()
    assert run(installed / "bin", "python", "-c", "import redis, pymemcache, cryptography") == ""
