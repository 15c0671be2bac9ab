"""The tests of `compared_responses` on MariaDB, whose tables have been converted to utf8mb4."""

import pytest

from tests.peers.compared_responses import ComparedResponses

pytestmark = pytest.mark.peers


class TestResponses(ComparedResponses):
    kind = "utf8mb4"
