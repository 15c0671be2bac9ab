"""Runs an unmodified Tempest's tests of images and authentication; returns the results."""

import configparser
import csv
import json
import os
import re
import subprocess
import uuid
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clients.install import programs
from tests.support.cloud import PASSWORD, Cloud, Member

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
# Tests of the Image and Identity APIs, as far as the embedded services implement those.
NATIVE = (
    "tempest.api.image.v2.test_images.BasicOperationsImagesTest",
    "tempest.api.image.v2.test_images.ListUserImagesTest",
    "tempest.api.image.v2.test_images_negative.ImagesNegativeTest",
    "tempest.api.image.v2.test_versions",
    "tempest.api.identity.v3.test_api_discovery",
    "tempest.api.identity.v3.test_application_credentials",
    "tempest.api.identity.v3.test_catalog",
    "tempest.api.identity.v3.test_tokens",
)
EXCLUDED = "test_create_application_credential_access_rules"  # the embedded Identity refuses them
NATIVE_PASS = 45  # tests that pass
MICROVERSIONS = ("2.1", "2.35")  # the first and the last of the Images API
PASS = 32  # tests that pass: 2 of versions, 24 of images, and 6 in DELETES
RUN_SECONDS = 240
PROJECT, PROJECT_ID = "tempest", uuid.uuid4().hex
# Tempest's accounts: one that may change things in the project, and one that may only read.
MEMBERS = (
    Member("tempest", PROJECT_ID, ("member",), PROJECT),
    Member("tempest-reader", PROJECT_ID, ("reader",), PROJECT),
)


@dataclass(frozen=True)
class Target:
    """A cloud that is ready for Tempest: the URL of its Identity API, and an active image."""

    identity_url: str
    image_id: str


@dataclass(frozen=True)
class Results:
    """The outcome of each test by its name: ``success``, ``skip`` or ``failure``."""

    outcomes: dict[str, str]
    output: str

    def names(self, outcome: str) -> set[str]:
        """Return the names of the tests with this outcome."""
        return {name for name, actual in self.outcomes.items() if actual == outcome}

    def check(self, passed: int, skipped: Collection[str]) -> None:
        """Raise AssertionError, with Tempest's output, unless the outcomes are as expected.

        Exactly `passed` tests have to pass, exactly those in `skipped` to be skipped, and none
        may fail.
        """
        assert self.names("failure") == set(), self.output
        assert self.names("skip") == {*skipped}, self.output
        assert len(self.names("success")) == passed, self.output

    def __str__(self) -> str:
        counts = Counter(self.outcomes.values())
        return (
            f"{counts['success']} passed, {counts['skip']} skipped, "
            f"{len(self.outcomes) - counts['success'] - counts['skip']} failed"
        )


def prepare(cloud: Cloud) -> Target:
    """Make a cloud with the users MEMBERS ready for Tempest: create an active image."""
    image = {"id": str(uuid.uuid4()), "name": "reference", "status": "active", "size": 7}
    dates = {"created_at": "2024-02-01T10:20:30Z", "updated_at": "2024-03-01T11:21:31Z"}
    cloud.put_images([{**image, **dates, "owner": PROJECT_ID}])
    return Target(f"{cloud.identity_url}/v3", str(image["id"]))


def run(directory: Path, target: Target, microversion: str) -> Results:
    """Run Tempest's tests of Compute images and versions; each request has `microversion`.

    `directory` is an empty directory for Tempest's configuration, logs and results.
    """
    deletes = re.escape(DELETES)
    without_deletes = ["--regex", _any_of((PACKAGE, VERSIONS)), "--exclude-regex", f"^{deletes}"]
    most = _run(directory / "images", target, microversion, without_deletes, snapshot=False)
    only_deletes = ["--regex", f"^{deletes}"]
    rest = _run(directory / "deletes", target, microversion, only_deletes, snapshot=True)
    return Results(most.outcomes | rest.outcomes, f"{most.output}\n{rest.output}")


def run_native(directory: Path, target: Target) -> Results:
    """Run Tempest's tests of the Image and Identity APIs; `directory` is as in `run`."""
    chosen = ["--regex", _any_of(NATIVE), "--exclude-regex", EXCLUDED]
    return _run(directory / "native", target, MICROVERSIONS[0], chosen, snapshot=False)


def _any_of(names: Iterable[str]) -> str:
    return rf"^({'|'.join(re.escape(each) for each in names)})\."


def _run(
    directory: Path, target: Target, microversion: str, chosen: list[str], *, snapshot: bool
) -> Results:
    directory.mkdir(parents=True)
    accounts = directory / "accounts.yaml"
    accounts.touch(mode=0o600)
    accounts.write_text(json.dumps([_account(member) for member in MEMBERS]))
    _write_configuration(directory, target, microversion, snapshot=snapshot)
    settings = ("--config-file", str(directory / "tempest.conf"))
    done = _program(directory, "tempest", "run", "--serial", *settings, *chosen)
    stream = _program(directory, "stestr", "last", "--subunit").stdout
    table = _program(directory, "subunit2csv", stream=stream).stdout.decode()
    # A test's id is its name, followed by its tags in brackets.
    outcomes = {
        row["test"].partition("[")[0]: row["status"] for row in csv.DictReader(table.splitlines())
    }
    return Results(outcomes, (done.stdout + done.stderr).decode(errors="replace"))


def _account(member: Member) -> dict[str, Any]:
    return {
        "username": member.name,
        "password": PASSWORD,
        "user_domain_id": "default",
        "project_name": member.project_name,
        "project_domain_id": "default",
        "roles": member.roles,
    }


def _write_configuration(
    directory: Path, target: Target, microversion: str, *, snapshot: bool
) -> None:
    sections: dict[str, dict[str, object]] = {
        "DEFAULT": {"log_file": directory / "tempest.log"},
        "oslo_concurrency": {"lock_path": directory / "locks"},
        "auth": {
            "use_dynamic_credentials": False,
            "test_accounts_file": directory / "accounts.yaml",
        },
        "identity": {
            "auth_version": "v3",
            "uri_v3": target.identity_url,
            "region": "RegionOne",
        },
        "compute": {
            "image_ref": target.image_id,
            "min_microversion": microversion,
            "max_microversion": microversion,
        },
        "compute-feature-enabled": {"snapshot": snapshot},
        # The data of Tempest's images is random, and not in their disk_format.
        "image-feature-enabled": {"image_format_enforcement": False},
        "service_available": {
            "nova": True,
            "glance": True,
            "neutron": False,
            "cinder": False,
            "swift": False,
        },
    }
    configuration = configparser.RawConfigParser()
    configuration.read_dict(sections)
    with (directory / "tempest.conf").open("w") as file:
        configuration.write(file)


def _program(
    directory: Path, name: str, *arguments: str, stream: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a program of Tempest's environment; `directory` is its working and home directory."""
    environment = {
        "PATH": f"{programs('tempest')}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(directory),
        "PYTHONWARNINGS": "ignore",
    }
    return subprocess.run(
        [str(programs("tempest") / name), *arguments],
        check=False,
        cwd=directory,
        env=environment,
        input=stream,
        capture_output=True,
        timeout=RUN_SECONDS,
    )
