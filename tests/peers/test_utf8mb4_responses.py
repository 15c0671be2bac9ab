"""The tests of `compared_responses` on MariaDB, with tables converted to utf8mb4."""

import pytest

from tests.peers.compared_responses import ComparedResponses

pytestmark = pytest.mark.peers


class TestResponses(ComparedResponses):
    kind = "utf8mb4"
