"""The tests of `compared_responses` on MariaDB with the tables that Glance makes."""

import pytest

from tests.peers.compared_responses import ComparedResponses

pytestmark = pytest.mark.peers


class TestResponses(ComparedResponses):
    kind = "mariadb"
