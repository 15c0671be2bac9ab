"""Clouds that tests start from Python."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import openstack
import pytest

from glimpse.cli.client_credentials import NoCredentials
from glimpse.testing import Cloud, CloudNotStarted, ControlFailed, cloud
from tests.support.process import free_port, wait_until

# openstacksdk warns of what it calls itself.
pytestmark = pytest.mark.filterwarnings(
    "ignore::openstack.warnings.RemovedInSDK50Warning",
    "ignore::openstack.warnings.RemovedInSDK60Warning",
)
SEED = {"images": [{"name": "disk", "owner": "demo", "data": {"size": "1 KiB"}}]}


@pytest.fixture(scope="module")
def started() -> Iterator[Cloud]:
    with cloud(SEED) as running:
        yield running


def names(running: Cloud, user: str = "demo") -> list[str]:
    return [image.name for image in running.connection(user).image.images()]


def test_a_fault_that_a_reset_has_removed_can_be_removed_again(started: Cloud) -> None:
    with started.faults.add(operation="image.list_images", status=503) as fault:
        started.reset()
    fault.remove()
    with pytest.raises(ControlFailed):
        fault.matched  # noqa: B018  the property sends a request


def test_a_reset_brings_back_images_and_users(started: Cloud) -> None:
    admin = started.connection("admin")
    admin.image.delete_image(admin.image.find_image("disk", ignore_missing=False).id)
    demo = admin.identity.find_user("demo", ignore_missing=False)
    admin.identity.update_user(demo.id, is_enabled=False)
    started.reset()
    assert names(started) == ["disk"]
    assert [each.name for each in admin.image.images()] == ["disk"], "its token stays valid"


def test_clients_log_in_by_clouds_yaml_and_environment(
    started: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    started.reset()
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(started.clouds_yaml))
    connection = openstack.connect(cloud="glimpse-demo")
    assert [each.name for each in connection.image.images()] == ["disk"]
    for name, value in started.environment("alt").items():
        monkeypatch.setenv(name, value)
    assert list(openstack.connect(cloud="envvars").image.images()) == []


def test_a_user_who_does_not_exist_has_no_credentials(started: Cloud) -> None:
    with pytest.raises(NoCredentials, match="There is no user eve; there are: admin, alt, demo"):
        started.environment("eve")


def test_requests_are_recorded_until_they_are_forgotten(started: Cloud) -> None:
    started.reset()
    connection = started.connection(app_name="recorder")
    connection.image.create_image("new", disk_format="raw", container_format="bare")
    login, created = (each for each in started.requests if each.method == "POST")
    assert (login.method, login.operation, login.status) == ("POST", "identity.issue", 201)
    assert login.json()["auth"]["identity"]["password"]["user"]["password"] == "***"
    assert created.json()["name"] == "new"
    assert created.user_agent is not None
    assert created.user_agent.startswith("recorder openstacksdk/")
    started.forget_requests()
    assert started.requests == []


def test_a_seed_that_cannot_be_used_is_an_error_with_all_problems() -> None:
    with pytest.raises(CloudNotStarted) as caught, cloud({"images": [{"name": 1}], "x": 1}):
        pass
    assert "images[0]: owner is missing" in str(caught.value)
    assert "x: this key is unknown" in str(caught.value)


def test_a_cloud_to_which_nobody_can_log_in_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_API__AUTH_STRATEGY", "noauth")
    with pytest.raises(CloudNotStarted, match="needs auth_strategy embedded"), cloud():
        pass


def test_the_arguments_of_serve_may_be_given(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "glimpse.conf"
    config.write_text("[embedded]\nregion_name = moon\n")
    arguments = ["--port", str(port), "--config-file", str(config)]
    with cloud(arguments=arguments) as running:
        assert running.compute_url == f"http://127.0.0.1:{port}/v2.1"
        assert running.environment()["OS_REGION_NAME"] == "moon"
        assert names(running) == []


def test_a_cloud_without_a_seed_has_the_standard_users() -> None:
    with cloud() as running:
        for user in ("admin", "demo", "alt"):
            assert running.environment(user)["OS_PASSWORD"] == "secret"


def test_after_its_end_nothing_of_a_cloud_is_left() -> None:
    with cloud(SEED) as running:
        files = [running.clouds_yaml, running.log]
        catalog = open_catalog(running.pid)
        assert catalog.exists()
    assert not catalog.parent.exists()
    assert [path for path in files if path.exists()] == []
    with pytest.raises(ControlFailed, match="The cloud does not respond"):
        running.reset()


def test_the_cloud_of_a_process_that_is_killed_stops() -> None:
    program = """
import sys, time
from glimpse.testing import cloud
with cloud() as running:
    print(running.pid, flush=True)
    time.sleep(600)
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: not _runs(pid), "the cloud still runs")


def open_catalog(pid: int) -> Path:
    """Return the path of the catalog that a process has open."""
    links = [link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir()]
    return next(path for path in links if path.name == "catalog.sqlite")


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"  # nobody waits for it, where there is no init


def test_the_files_of_a_killed_program_are_removed_by_the_next_cloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "import os, signal; from glimpse.testing.running_cloud import StartingCloud; "
    program += "starting = StartingCloud(None, []); os.kill(os.getpid(), signal.SIGKILL)"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    (abandoned,) = tmp_path.glob("glimpse-testing-*")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with cloud():
        assert not abandoned.exists()
    assert list(tmp_path.glob("glimpse-testing-*")) == []


def test_a_seed_that_is_not_json_leaves_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(TypeError) as raised, cloud({"images": object()}):
        pass
    assert list(tmp_path.iterdir()) == [], raised  # the error keeps the objects alive
