"""Tempest's tests of snapshots of servers, against a cloud that has servers."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.tempest.configuration import Target
from tests.clients.tempest.runner import run
from tests.clients.tempest.test_compute_images import MEMBERS, PACKAGE, PROJECT_ID, configure
from tests.support.cloud import seed_identity
from tests.support.process import GlimpseProcess
from tests.support.servers import seed_servers

pytestmark = pytest.mark.tempest
DATES = {"created_at": "2024-02-01T10:20:30Z", "updated_at": "2024-03-01T11:21:31Z"}
IMAGE = {"name": "reference", "status": "active", "size": 7, "owner": PROJECT_ID, **DATES}
# The tests of these names need the actions os-stop, pause and suspend, which are not offered.
NOT_OFFERED = rf"^{PACKAGE}\.test_images\..*_from_(stopped|paused|suspended)_server"


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A cloud in which servers can be made, with the users MEMBERS and an active image."""
    state_dir = tmp_path_factory.mktemp("tempest") / "state"
    image_id = str(uuid.uuid4())
    seed_identity(state_dir, MEMBERS)
    seed_servers(state_dir, [], [{"id": image_id, **IMAGE}])
    with GlimpseProcess(state_dir) as process:
        yield Target(f"{process.base_url}/identity/v3", image_id=image_id)


# After 2.35, the last version of the Images API, Tempest skips its classes, and sees snapshots
# through the Image API.
@pytest.mark.parametrize(
    ("microversion", "passed", "skipped"), [("2.1", 48, 0), ("2.35", 48, 0), ("2.100", 13, 6)]
)
def test_tempest_makes_lists_and_deletes_snapshots(
    target: Target,
    microversion: str,
    passed: int,
    skipped: int,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    configuration = configure(
        tmp_path / "snapshots", target, microversion, snapshot=True, networks=True
    )
    results = run(configuration, regex=f"^{PACKAGE}\\.", exclude=NOT_OFFERED)
    record_property("tempest", f"of snapshots at microversion {microversion}: {results}")
    assert results.names("FAILED") == set(), results.output
    counts = len(results.names("ok")), len(results.names("SKIPPED"))
    assert counts == (passed, skipped), results.output
