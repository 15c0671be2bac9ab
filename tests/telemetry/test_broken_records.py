"""Each broken record is logged once, and the number of such log lines is bounded."""

import logging

import pytest

from glimpse.telemetry.broken_records import BrokenRecords


def test_a_broken_record_is_logged_once_and_on_one_line(caplog: pytest.LogCaptureFixture) -> None:
    broken = BrokenRecords(logging.getLogger("test"), "image")
    for _ in range(3):
        broken.report("a\nb\u2028", "it has no date")
    (record,) = caplog.records
    assert record.getMessage().isprintable()


def test_many_broken_records_fill_neither_memory_nor_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = BrokenRecords(logging.getLogger("test"), "image")
    for number in range(5000):
        broken.report(f"{number}" + "x" * 10_000, "it has no date")
    assert len(caplog.records) == 1001
    assert max(len(record.getMessage()) for record in caplog.records) < 1200
