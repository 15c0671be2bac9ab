"""CatalogFailures remembers a failed read for a minute."""

import sqlite3
from pathlib import Path

from glimpse.embedded.sqlite.catalog_failures import CatalogFailures


def test_a_failed_read_is_a_problem_for_a_minute() -> None:
    now = 1000.0
    failures = CatalogFailures(Path("/state/catalog.sqlite"), lambda: now)
    assert failures.problem() is None
    error = failures.record_failed_read(sqlite3.DatabaseError("malformed"))
    assert str(error) == "The catalog cannot be read: malformed"
    now = 1059.9
    assert failures.problem() == "the catalog cannot be read: malformed"
    now = 1060.0
    assert failures.problem() is None
