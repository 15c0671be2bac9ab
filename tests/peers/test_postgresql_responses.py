"""The tests of `compared_responses` on PostgreSQL."""

from collections.abc import Iterator

import pytest

from tests.peers.compared_responses import ComparedGateways, ComparedResponses
from tests.peers.glance_databases import start_postgresql

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComparedGateways]:
    directory = tmp_path_factory.mktemp("postgresql")
    with (
        start_postgresql(directory) as database,
        ComparedGateways.start(directory, database) as compared,
    ):
        yield compared


class TestResponses(ComparedResponses):
    kind = "postgresql"
