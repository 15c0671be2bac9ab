"""What the rows say that servers return about their log positions."""

import pytest

from glimpse.glance_database.errors import ReplicaNotCurrent
from glimpse.glance_database.replication import find_replication


def test_a_postgresql_replica_that_has_replayed_nothing_is_not_current() -> None:
    replication = find_replication([["PostgreSQL 16.3"]])
    with pytest.raises(ReplicaNotCurrent, match="it has replayed nothing of the primary's log"):
        replication.parse_replica([True, 7301, 1, None, 8192])
