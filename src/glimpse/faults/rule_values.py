"""Parsers for the values of a rule's keys: check each value, and convert it for FaultRule."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from glimpse.faults.pattern_checks import check_method, check_path, is_header_name

MAX_SECONDS = 3600.0
_MAX_NUMBER = 2**31
_FIRST_STATUS, _LAST_STATUS = 200, 599
_FRAMING = frozenset(("content-length", "transfer-encoding"))


class UnexpectedValue(Exception):
    """The value of a key cannot be used; the message is a sentence that says what is expected."""


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise UnexpectedValue("text is expected.")
    return value


def _checked_text(check: Callable[[str], str | None]) -> Callable[[object], str]:
    """Return a parser that accepts the texts for which `check` returns None.

    The parser returns the text. Raises UnexpectedValue for an empty text, for another type, and
    with the message of `check` if that is not None.
    """

    def parse(value: object) -> str:
        text = _text(value)
        if (expected := check(text)) is not None:
            raise UnexpectedValue(expected)
        return text

    return parse


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise UnexpectedValue("a mapping of names to texts is expected.")
    for name, text in value.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise UnexpectedValue("a mapping of names to texts is expected.")
        if not (name + text).isprintable():
            raise UnexpectedValue("texts of printable characters are expected.")
    return dict(value)


def _response_headers(value: object) -> dict[str, str]:
    texts = _texts(value)
    for name in texts:
        if not is_header_name(name):
            raise UnexpectedValue("names of letters, digits and !#$%&'*+.^_`|~- are expected.")
        if name.lower() in _FRAMING:
            raise UnexpectedValue(f"{name} cannot be set: it says where the response ends.")
    return texts


def _integer(lowest: int, highest: int = _MAX_NUMBER) -> Callable[[object], int]:
    def parse(value: object) -> int:
        if type(value) is not int or not lowest <= value <= highest:
            raise UnexpectedValue(f"an integer from {lowest} to {highest} is expected.")
        return value

    return parse


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnexpectedValue("a number of seconds is expected.")
    if not 0 < value <= MAX_SECONDS:
        raise UnexpectedValue(f"more than 0 and up to {MAX_SECONDS:.0f} seconds are expected.")
    return float(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise UnexpectedValue("true or false is expected.")
    return value


def _body(value: object) -> bytes:
    try:
        return value.encode() if isinstance(value, str) else orjson.dumps(value)
    except (TypeError, UnicodeEncodeError):
        raise UnexpectedValue("text or JSON is expected.") from None


# By key. A parser returns the value for FaultRule, or raises UnexpectedValue.
PARSERS: Mapping[str, Callable[[object], Any]] = {
    **dict.fromkeys(("operation", "project", "user_agent"), _text),
    "method": _checked_text(check_method),
    "path": _checked_text(check_path),
    "headers": _texts,
    "response_headers": _response_headers,
    **dict.fromkeys(("first", "every", "rate_limit", "bytes_per_second"), _integer(1)),
    **dict.fromkeys(("skip", "cut_after", "retry_after"), _integer(0)),
    **dict.fromkeys(("delay", "stale_for", "saving_for", "rate_seconds"), _seconds),
    "status": _integer(_FIRST_STATUS, _LAST_STATUS),
    "body": _body,
    "reset_connection": _flag,
}
