"""Formatters of log records: text from outside is one readable line without secrets."""

import json
import logging
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any

import pytest

from glimpse.images import Caller
from glimpse.settings import load_settings
from glimpse.telemetry.log_formatters import JsonFormatter, LineFormatter
from glimpse.telemetry.request_context import RequestContext, current_context

BAD = "a\r\nFORGED \x1b[31m\x00\x7f\x85\x9b\u2028\u202e\ud800"
SHOWN = r"a\r\nFORGED \x1b[31m\x00\x7f\x85\x9b\u2028\u202e\ud800"
FERNET = "gAAAAABsecretsecretsecretsecret"


@pytest.fixture(params=["lines", "json"])
def formatter(request: pytest.FixtureRequest) -> logging.Formatter:
    return JsonFormatter() if request.param == "json" else LineFormatter(load_settings([]).server)


def record(message: str, *arguments: object, error: BaseException | None = None) -> Any:
    exc_info = (type(error), error, None) if error else None
    return logging.LogRecord("name", logging.ERROR, __file__, 1, message, arguments, exc_info)


def render_in_request(caller: Caller, render: Callable[[], str]) -> str:
    """Call `render` while a request of the caller is served; return its result."""

    def render_with_context() -> str:
        context = RequestContext("req-1")
        context.caller = caller
        current_context.set(context)
        return render()

    return copy_context().run(render_with_context)


def texts(formatter: logging.Formatter, line: str) -> str:
    """Return the line as its reader sees it: of a JSON line, the decoded values."""
    if not isinstance(formatter, JsonFormatter):
        return line
    return "\n".join(_values(json.loads(line)))


def _values(value: object) -> Iterator[str]:
    """Yield all values of a JSON document that are no objects."""
    if isinstance(value, dict):
        for each in value.values():
            yield from _values(each)
    else:
        yield str(value)


def assert_plain(text: str) -> None:
    assert all(line.isprintable() for line in text.split("\n")), text
    text.encode()


def test_a_message_with_text_from_outside_is_one_line(formatter: logging.Formatter) -> None:
    line = formatter.format(record("it says %s", BAD))
    assert "\n" not in line
    assert_plain(texts(formatter, line))
    assert f"it says {SHOWN}" in texts(formatter, line)


def test_the_text_of_an_exception_is_one_line_of_the_traceback(
    formatter: logging.Formatter,
) -> None:
    def fail() -> None:
        raise ValueError(BAD + "\nTraceback (most recent call last):\n  File forged")

    with pytest.raises(ValueError, match="FORGED") as raised:
        fail()
    made = record("unexpected")
    made.exc_info = (raised.type, raised.value, raised.tb)
    text = texts(formatter, formatter.format(made))
    assert_plain(text)
    forged = [line for line in text.split("\n") if "FORGED" in line]
    assert len(forged) == 1
    assert f"ValueError: {SHOWN}\\nTraceback" in forged[0]
    assert "File forged" in forged[0]
    assert any('File "' in line and "test_log_formatters" in line for line in text.split("\n"))


def test_ids_and_names_of_a_caller_are_escaped(formatter: logging.Formatter) -> None:
    caller = Caller(f"u{BAD}", f"p{BAD}", user_name=BAD)
    text = texts(formatter, render_in_request(caller, lambda: formatter.format(record("said"))))
    assert_plain(text)
    assert f"u{SHOWN}" in text
    assert f"p{SHOWN}" in text


def test_a_token_in_place_of_an_id_is_hidden_and_a_long_id_is_truncated(
    formatter: logging.Formatter,
) -> None:
    caller = Caller(FERNET + "x" * 100, "p" * 60_000)
    text = texts(formatter, render_in_request(caller, lambda: formatter.format(record("said"))))
    assert "***" in text
    assert "secretsecret" not in text
    assert len(text) < 2_000


def test_a_message_has_no_token_password_or_user_of_a_url(formatter: logging.Formatter) -> None:
    message = "no %s for X-Auth-Token: abcdef at http://u:hunter2@host/ password=hunter2"
    text = texts(formatter, formatter.format(record(message, FERNET)))
    assert "hunter2" not in text
    assert "abcdef" not in text
    assert "secretsecret" not in text
    assert "http://***@host/" in text


@pytest.mark.parametrize("value", [2**70, b"\xff", float("nan"), object(), "\ud800", None, True])
def test_any_field_of_a_message_is_written_as_json(value: object) -> None:
    line = JsonFormatter().format(record("%(field)s", {"field": value}))
    assert "field" in json.loads(line)["args"]


def test_names_in_any_script_stay_readable(formatter: logging.Formatter) -> None:
    assert "Jürgen 東京" in texts(formatter, formatter.format(record("%s", "Jürgen 東京")))
