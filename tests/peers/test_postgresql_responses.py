"""The tests of `compared_responses` on PostgreSQL."""

import pytest

from tests.peers.compared_responses import ComparedResponses

pytestmark = pytest.mark.peers


class TestResponses(ComparedResponses):
    kind = "postgresql"
