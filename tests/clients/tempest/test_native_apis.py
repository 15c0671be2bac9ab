"""Tempest, OpenStack's own test suite, against the embedded Image and Identity APIs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.tempest.clouds import start
from tests.clients.tempest.configuration import write_configuration
from tests.clients.tempest.expectations import REGEX, is_offered, passing_tests, stale_entries
from tests.clients.tempest.runner import run

pytestmark = pytest.mark.tempest
PROCESSES = 2
IMAGE_TESTS = 51  # of the Image API that have to pass at least


def test_embedded_services_pass_the_tests_that_glance_and_keystone_pass(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with start("embedded", tmp_path / "cloud") as target:
        results = run(write_configuration(tmp_path, target), regex=REGEX, processes=PROCESSES)
    record_property("tempest", f"against the embedded Image and Identity APIs: {results}")
    passed = results.names("ok")
    expected = {test for test in passing_tests() if is_offered(test)}
    assert expected - passed == set(), results.output
    assert stale_entries(passed) == set()
    images = [test for test in passed if test.startswith("tempest.api.image.v2.")]
    assert len(images) >= IMAGE_TESTS
