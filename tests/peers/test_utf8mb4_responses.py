"""The tests of `compared_responses` on MariaDB, whose tables have been converted to utf8mb4."""

from collections.abc import Iterator

import pytest

from tests.peers.compared_responses import ComparedGateways, ComparedResponses
from tests.peers.glance_databases import start_mariadb

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComparedGateways]:
    directory = tmp_path_factory.mktemp("utf8mb4")
    with (
        start_mariadb(directory, utf8mb4=True) as database,
        ComparedGateways.start(directory, database) as compared,
    ):
        yield compared


class TestResponses(ComparedResponses):
    kind = "utf8mb4"
