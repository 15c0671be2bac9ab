"""Comparisons of positions in the logs of MariaDB, MySQL and PostgreSQL."""

import pytest

from glimpse.glance_database.log_positions import (
    LogPosition,
    parse_mariadb_position,
    parse_mysql_position,
    parse_postgresql_position,
)

A, B = "3e11fa47-71ca-11e1-9e33-c80aa9429562", "4a6f2a67-5d87-11e6-a6bd-0a0027000000"


def _parse(text: str) -> LogPosition:
    """Parse a position; which system it is of can be seen from its form."""
    if "/" in text:
        system, place = text.split("@")
        system, _, timeline = system.partition(".")
        return parse_postgresql_position(int(system), int(timeline or 1), place, 8192)
    if ":" in text:
        return parse_mysql_position(text)
    text, has_history, history = text.partition(" of ")
    return parse_mariadb_position(text, history if has_history else None)


@pytest.mark.parametrize(
    ("position", "other"),
    [
        ("0-1-10", "0-1-10"),
        ("0-1-11", "0-1-10"),
        ("0-2-11", "0-1-10"),  # another server has become the primary
        ("0-1-10,5-7-3", "0-1-10"),
        ("0-1-10,\n5-7-3", "5-7-3,0-1-9"),
        (f"{A}:1-10", f"{A}:1-10"),
        (f"{A}:1-10", f"{A}:1-4:6:8-10"),
        (f"{A}:1-10,\n{B}:1-3", f"{B}:2"),
        (f"{A}:1-3:tag:1-9", f"{A}:tag:2-8"),
        ("7@16/B374D848", "7@16/B374D848"),
        ("7@17/00000100", "7@16/FFFFFF00"),
        ("7@0/2000", "7@0/2028"),  # the end of a record, and the place after the next header
        ("7@0/2000", "7@0/2018"),
    ],
)
def test_a_position_covers_what_comes_before_it(position: str, other: str) -> None:
    assert _parse(position).covers(_parse(other))
    assert not _parse(other).is_ahead_of(_parse(position))


@pytest.mark.parametrize(
    ("position", "other"),
    [
        ("0-1-9", "0-1-10"),
        ("0-2-10", "0-1-10"),  # both have written a transaction of their own
        (f"{A}:1-9", f"{A}:1-10"),
        (f"{A}:1-5:7-10", f"{A}:1-10"),
        (f"{A}:1-5:7-10", f"{A}:4-8"),
        (f"{A}:tag:1-3", f"{A}:1-3"),
        ("7@16/B374D847", "7@16/B374D848"),
        ("7@0/2000", "7@0/2030"),
    ],
)
def test_a_position_does_not_cover_what_it_lacks(position: str, other: str) -> None:
    assert not _parse(position).covers(_parse(other))
    assert _parse(other).is_ahead_of(_parse(position))


@pytest.mark.parametrize(
    ("position", "other"),
    [("", "0-1-10"), ("4-1-99", "0-1-10"), (f"{B}:1-9", f"{A}:1"), ("8@17/100", "7@16/100")],
)
def test_a_position_in_another_log_covers_nothing(position: str, other: str) -> None:
    assert not _parse(position).covers(_parse(other))
    assert _parse(position).mismatch(_parse(other))


@pytest.mark.parametrize("other", ["0-1-10", f"{A}:1-3", "7@0/2030"])
def test_positions_of_different_systems_have_nothing_in_common(other: str) -> None:
    for position in ("0-1-99", f"{A}:1-99", "7@0/FFFF"):
        found = _parse(position)
        if type(found) is not type(_parse(other)):
            assert not found.covers(_parse(other))
            assert found.mismatch(_parse(other))


def test_what_a_replica_writes_in_a_domain_of_its_own_does_not_put_it_ahead() -> None:
    assert not _parse("0-1-10,9-2-7").is_ahead_of(_parse("0-1-10"))
    assert _parse("0-2-11").is_ahead_of(_parse("0-1-10"))
    assert _parse(f"{A}:1-10,{B}:1").is_ahead_of(_parse(f"{A}:1-12"))


@pytest.mark.parametrize(
    ("replica", "is_ahead"),
    [
        ("0-1-98", False),
        ("0-1-100", True),  # the old primary has written more, and so has the new one
        ("0-2-101", False),
        ("0-3-99", True),
        ("0-1-98,5-7-3", False),
    ],
)
def test_a_replica_of_an_old_primary_has_transactions_that_the_new_one_lacks(
    replica: str,
    is_ahead: bool,  # noqa: FBT001  a parameter of pytest
) -> None:
    new = _parse("0-2-101 of 0-2-101,0-1-90,0-1-98")
    assert _parse(replica).is_ahead_of(new) == is_ahead


def test_a_position_on_another_timeline_is_in_another_log() -> None:
    mismatch = _parse("7.1@0/2030").mismatch(_parse("7.2@0/2030"))
    assert mismatch is not None
    assert "timeline 1" in mismatch
    assert _parse("7.2@0/2030").mismatch(_parse("7.2@0/4030")) is None
