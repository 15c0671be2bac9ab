"""Tempest's tests of Compute's images and versions, against both kinds of cloud."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.tempest.configuration import Sections, Target, write_configuration
from tests.clients.tempest.runner import Results, run
from tests.clouds import CLOUDS, start_cloud
from tests.support.cloud import PASSWORD, Member

pytestmark = pytest.mark.tempest
PACKAGE = "tempest.api.compute.images"
VERSIONS = "tempest.api.compute.test_versions"  # follows the links of Compute's version documents
# Tempest skips these tests of deleting images unless the cloud makes snapshots. They run
# separately, with that feature enabled.
DELETES = f"{PACKAGE}.test_images_negative.ImagesDeleteNegativeTestJSON"
# Tests that Tempest skips in a cloud without servers; in setUpClass, it skips whole classes.
NEED_A_SERVER = {
    *(
        f"setUpClass ({PACKAGE}.{name})"
        for name in (
            "test_images.ImagesTestJSON",
            "test_images_negative.ImagesNegativeTestJSON",
            "test_images_oneserver.ImagesOneServerTestJSON",
            "test_images_oneserver_negative.ImagesOneServerNegativeTestJSON",
        )
    ),
    *(
        f"{PACKAGE}.test_list_image_filters.ListImageFiltersTestJSON.test_list_images_{name}"
        for name in (
            "filter_by_server_id",
            "filter_by_server_ref",
            "filter_by_type",
            "with_detail_filter_by_server_ref",
            "with_detail_filter_by_type",
        )
    ),
}
MICROVERSIONS = ("2.1", "2.35")  # the first and the last of the Images API
PASS, PASS_DELETES = 26, 6  # tests that pass: 2 of versions, 24 of images; and those in DELETES
PROJECT, PROJECT_ID = "tempest", uuid.uuid4().hex
# Tempest's accounts: one that may change things in the project, and one that may only read.
MEMBERS = (
    Member("tempest", PROJECT_ID, ("member",), PROJECT),
    Member("tempest-reader", PROJECT_ID, ("reader",), PROJECT),
)


@pytest.fixture(scope="module", params=CLOUDS)
def target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """A cloud with the users MEMBERS and an active image."""
    image = {"id": str(uuid.uuid4()), "name": "reference", "status": "active", "size": 7}
    dates = {"created_at": "2024-02-01T10:20:30Z", "updated_at": "2024-03-01T11:21:31Z"}
    with start_cloud(request.param, tmp_path_factory.mktemp("tempest"), MEMBERS) as cloud:
        cloud.put_images([{**image, **dates, "owner": PROJECT_ID}])
        yield Target(f"{cloud.identity_url}/v3", image_id=str(image["id"]))


@pytest.mark.parametrize("microversion", MICROVERSIONS)
def test_tempest_passes_all_tests_that_need_no_server(
    target: Target,
    microversion: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    deletes = re.escape(DELETES)
    regex = rf"^({re.escape(PACKAGE)}|{re.escape(VERSIONS)})\."
    configuration = configure(tmp_path / "images", target, microversion, snapshot=False)
    results = run(configuration, regex=regex, exclude=f"^{deletes}")
    configuration = configure(tmp_path / "deletes", target, microversion, snapshot=True)
    deletions = run(configuration, regex=f"^{deletes}")
    kind = request.node.callspec.params["target"]
    record_property("tempest", f"against {kind} at microversion {microversion}: {results}")
    check(results, PASS, NEED_A_SERVER)
    check(deletions, PASS_DELETES, set())


def check(results: Results, passed: int, skipped: set[str]) -> None:
    """Fail unless `passed` tests pass, exactly those in `skipped` are skipped, and none fails.

    Prints the output of Tempest.
    """
    assert results.names("FAILED") == set(), results.output
    assert results.names("SKIPPED") == skipped, results.output
    assert len(results.names("ok")) == passed, results.output


def configure(
    directory: Path,
    target: Target,
    microversion: str,
    *,
    snapshot: bool,
    networks: bool = False,
) -> Path:
    """Write a tempest.conf with the accounts MEMBERS; each request has `microversion`.

    `snapshot` is whether the cloud is said to make snapshots of servers, `networks` whether it is
    said to have a Network API: without one, Tempest skips tests, although they do not use it.
    """
    directory.mkdir()
    accounts = directory / "accounts.yaml"
    accounts.touch(mode=0o600)
    accounts.write_text(json.dumps([account(member) for member in MEMBERS]))
    sections: Sections = {
        "auth": {"use_dynamic_credentials": False, "test_accounts_file": accounts},
        "compute": {"min_microversion": microversion, "max_microversion": microversion},
        "compute-feature-enabled": {"snapshot": snapshot},
        "service_available": {"neutron": networks, "cinder": False, "swift": False},
        "validation": {"run_validation": False},  # by logging in to servers, with key pairs
    }
    return write_configuration(directory, target, sections)


def account(member: Member) -> dict[str, Any]:
    """Return the entry of Tempest's accounts.yaml."""
    return {
        "username": member.name,
        "password": PASSWORD,
        "user_domain_id": "default",
        "project_name": member.project_name,
        "project_domain_id": "default",
        "roles": member.roles,
    }
