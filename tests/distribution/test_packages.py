"""The wheel and the source archive of `make dist`: their content, and use when installed."""

import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from glimpse import __version__
from tests.distribution.packages import (
    ENVIRONMENT,
    build,
    imported_libraries,
    install,
    run,
    tracked_files,
)
from tests.support.cloud import Member, issue_token, seed_identity
from tests.support.http import request
from tests.support.process import ServerProcess, free_port
from tests.support.virtual_environments import CHECKOUT

pytestmark = pytest.mark.dist

USER = Member("user", "e" * 32)


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return build(tmp_path_factory.mktemp("first"), modified_at=1_600_000_000)


@pytest.fixture(scope="module", params=[".whl", ".gz"], ids=["wheel", "source archive"])
def programs(
    request: pytest.FixtureRequest,
    archives: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    return install(archives[request.param], tmp_path_factory.mktemp("environment"))


def test_the_source_archive_has_what_git_has_and_no_caches(archives: dict[str, Path]) -> None:
    with tarfile.open(archives[".gz"]) as archive:
        names = [member.name.partition("/")[2] for member in archive if member.isfile()]
    made = {"PKG-INFO", "setup.cfg"}
    found = {name for name in names if ".egg-info/" not in name} - made
    assert found == {*tracked_files()}


def test_the_wheel_has_the_package_and_its_license_only(archives: dict[str, Path]) -> None:
    with zipfile.ZipFile(archives[".whl"]) as wheel:
        names = set(wheel.namelist())
    sources = {name.removeprefix("src/") for name in tracked_files() if name.startswith("src/")}
    metadata = f"openstack_glimpse-{__version__}.dist-info/"
    assert {name for name in names if not name.startswith(metadata)} == sources
    assert f"{metadata}licenses/LICENSE" in names


def test_another_build_of_the_same_files_has_the_same_bytes(
    archives: dict[str, Path], tmp_path: Path
) -> None:
    again = build(tmp_path / "elsewhere", modified_at=1_650_000_000)
    assert again.keys() == archives.keys() == {".whl", ".gz"}
    for suffix, archive in archives.items():
        assert again[suffix].name == archive.name
        assert again[suffix].read_bytes() == archive.read_bytes(), archive.name


def test_the_installed_command_prints_its_version(programs: Path) -> None:
    assert run(programs, "glimpse", "--version") == f"glimpse {__version__}\n"


def test_the_installed_distribution_has_its_name_and_all_dependencies(programs: Path) -> None:
    run(programs, "pip", "check")
    assert "Name: openstack-glimpse\n" in run(programs, "pip", "show", "openstack-glimpse")


def test_the_dependencies_have_all_that_glimpse_imports(programs: Path) -> None:
    statements = imported_libraries()
    assert "from oslo_utils.imageutils import format_inspector" in statements
    run(programs, "python", "-W", "ignore", "-c", "\n".join(statements))


def test_the_installed_command_serves(programs: Path, tmp_path: Path) -> None:
    seed_identity(tmp_path / "state", [USER])
    port = free_port()
    command = [str(programs / "glimpse"), "serve", "--port", str(port)]
    command += ["--state-dir", str(tmp_path / "state")]
    environment = {"PYTHONPATH": ""}
    with ServerProcess(command, port, tmp_path / "log", environment=environment) as process:
        token = issue_token(f"{process.base_url}/identity", USER.name)
        headers = {"X-Auth-Token": token, "Content-Type": "application/json"}
        image = b'{"name": "tour", "disk_format": "raw", "container_format": "bare"}'
        response = request(process.address, "POST", "/image/v2/images", headers, image)
        assert response.status == 201, str(response)
        headers["Content-Type"] = "application/octet-stream"
        data = f"/image{response.json()['file']}"
        response = request(process.address, "PUT", data, headers, b"data")
        assert response.status == 204, f"{response}\n{process.log.read_text()}"
        response = request(process.address, "GET", "/v2.1/images/detail", {"X-Auth-Token": token})
        (listed,) = response.json()["images"]
        assert (listed["name"], listed["status"]) == ("tour", "ACTIVE"), str(response)
        assert process.stop() == 0, process.log.read_text()


def test_the_extra_pytest_has_a_plugin_that_gives_tests_a_cloud(
    archives: dict[str, Path], tmp_path: Path
) -> None:
    programs = install(Path(f"{archives['.whl']}[pytest]"), tmp_path)
    printed = run(programs, "pytest", "-p", "no:cacheprovider", str(CHECKOUT / "examples/pytest"))
    assert "plugins: glimpse-" in printed or "plugins: openstack-glimpse-" in printed, printed
    assert "30 passed" in printed, printed


@pytest.mark.parametrize(
    ("service", "extra"), [("redis://127.0.0.1", "redis"), ("etcd3+http://127.0.0.1", "etcd")]
)
def test_a_missing_extra_is_named_with_the_command_that_installs_it(
    programs: Path, tmp_path: Path, service: str, extra: str
) -> None:
    conf = tmp_path / "glimpse.conf"
    conf.write_text(
        "[glimpse]\nimage_service = glance\n[api]\nauth_strategy = noauth\n"
        "[glance]\napi_servers = http://127.0.0.1:1\n"
        f"[coordination]\nbackend_url = {service}\n"
    )
    command = [str(programs / "glimpse"), "check", "--config-file", str(conf)]
    command += ["--port", str(free_port()), "--state-dir", str(tmp_path / "state")]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    printed = done.stdout + done.stderr
    assert f"needs: pip install 'openstack-glimpse[{extra}]'" in printed, printed
