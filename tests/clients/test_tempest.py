"""Tempest, OpenStack's own test suite, against the embedded cloud."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import tempest
from tests.support.cloud import PASSWORD, EmbeddedCloud, Member, seed_identity
from tests.support.process import GlimpseProcess

pytestmark = pytest.mark.clients
DATES = {"created_at": "2024-02-01T10:20:30Z", "updated_at": "2024-03-01T11:21:31Z"}
PROJECT_ID = uuid.uuid4().hex
MEMBERS = [
    Member("tempest", PROJECT_ID, ("member",), project_name="tempest"),
    Member("tempest-reader", PROJECT_ID, ("reader",), project_name="tempest"),
]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tempest.Target]:
    state_dir = tmp_path_factory.mktemp("tempest") / "state"
    seed_identity(state_dir, MEMBERS)
    image_id = str(uuid.uuid4())
    image = {"id": image_id, "name": "reference", "status": "active", "owner": PROJECT_ID}
    accounts = (tempest.Account(each.name, PASSWORD, "tempest", each.roles) for each in MEMBERS)
    with GlimpseProcess(state_dir) as process:
        EmbeddedCloud(process).put_images([{**image, **DATES}])
        yield tempest.Target(f"{process.base_url}/identity/v3", tuple(accounts), image_id)


@pytest.mark.parametrize("microversion", ["2.1", "2.35"])
def test_tempest_passes_all_that_needs_no_server(
    target: tempest.Target,
    microversion: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    results = tempest.run(tmp_path, target, microversion)
    record_property("tempest", f"at microversion {microversion}: {results}")
    assert results.names("failure") == set(), results.output
    assert results.names("skip") == tempest.NEED_A_SERVER, results.output
    assert len(results.names("success")) == 30, results.output
