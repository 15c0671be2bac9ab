"""Errors that may recur with every request are logged once a minute."""

import logging

import pytest

from glimpse.telemetry.throttled_log import ThrottledErrorLog


def test_an_error_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    error = ThrottledErrorLog(logging.getLogger("test"), clock=lambda: now)
    for second in range(130):
        now = float(second)
        error("full since %s", second)
    assert caplog.messages == ["full since 0", "full since 60", "full since 120"]
    assert {record.levelname for record in caplog.records} == {"ERROR"}
