"""The formatters of log records: LineFormatter (by oslo.log's options) and JsonFormatter."""

import contextlib
import logging
import re
import socket
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from glimpse.settings import Server
from glimpse.telemetry.access_log import ACCESS_LOG
from glimpse.telemetry.redaction import escape, sanitize
from glimpse.telemetry.request_context import NO_REQUEST, current_context

_NAME = re.compile(r"%\((\w+)\)")
_IDENTITY = "%(user_identity)s"
_EMPTY = ("instance", "resource", "color")  # empty, not "-": formats have no space after these
_FIELDS = ("request_id", "global_request_id", "user", "project")
_KNOWN = logging.makeLogRecord({})  # has all attributes of a log record
_CONTEXT = frozenset((*_FIELDS, "user_name", "project_name", "user_domain", "project_domain"))
_USUAL_LINE = 1000  # characters; the ids in a longer line are shortened
_MAX_USUAL_ID_LENGTH = 64
_MAX_ID_LENGTH = 255  # characters of an id or a name, as in Keystone
_DATE_FORMAT = "%Y-%m-%d %H:%M:%S"  # of oslo.log
_MAX_INTEGER = 2**63 - 1  # orjson raises an exception for integers of more than 64 bits
_FRAMES = ("  ", "Traceback (", "\n")  # how parts of a traceback without foreign text begin


class _DatedFormatter(logging.Formatter):
    """Base class of the formatters: formats the date only once per second, to save time."""

    _second = 0
    _date = ""

    def _asctime(self, record: logging.LogRecord) -> str:
        """Return the local time of a record, in whole seconds, in the formatter's date format."""
        second = int(record.created)
        if second != self._second:
            self._second, self._date = second, self.formatTime(record, self.datefmt)
        return self._date


class LineFormatter(_DatedFormatter):
    """Formats a record as a line, and its traceback as more lines, by the options of oslo.log.

    A line that is logged during a request has the ids of the request and of its caller. A line of
    level DEBUG ends with the configured suffix. Each line of a traceback begins with the configured
    prefix.

    All text is escaped. Secrets are redacted in messages, in texts of errors, and in ids if that of
    the user or the project has more than 64 characters. Clients may have sent these texts.

    ``%(instance)s``, ``%(resource)s`` and ``%(color)s`` become empty. Any other field that Glimpse
    does not know becomes ``-``.
    """

    def __init__(self, server: Server) -> None:
        super().__init__(datefmt=server.log_date_format)
        identity = server.logging_user_identity_format
        self._default_format = server.logging_default_format_string
        self._context_format = server.logging_context_format_string.replace(_IDENTITY, identity)
        self._suffix = server.logging_debug_format_suffix
        self._prefix = server.logging_exception_prefix.replace(_IDENTITY, identity)
        formats = (self._default_format, self._context_format, self._suffix, self._prefix)
        names = dict.fromkeys(_NAME.findall("".join(formats)), "-")
        names |= dict.fromkeys(_EMPTY, "")
        self._unknown = {name: names[name] for name in names.keys() - _KNOWN.__dict__.keys()}

    def format(self, record: logging.LogRecord) -> str:
        """Return the line and the lines of the traceback, if any, without a line end at the end.

        If the message does not fit its arguments, or a configured format cannot be used, raises the
        error of ``%``, such as TypeError. The handler reports that error.
        """
        is_in_request = current_context.get() is not NO_REQUEST
        values = {**self._unknown, **record.__dict__, **(_context_ids() if is_in_request else {})}
        values["asctime"] = self._asctime(record)
        values["message"] = _message(record)
        line_format = self._context_format if is_in_request else self._default_format
        text = line_format % values
        # Rarely true: escaping each value of each line would take too long.
        if record.exc_info or not _is_plain(text):
            values |= _redacted_ids(values) | {"message": escape(values["message"])}
            text = line_format % values
        if record.levelno == logging.DEBUG and self._suffix:
            text = f"{text} {self._suffix % values}"
        if record.exc_info:
            prefix = self._prefix % values
            text = "\n".join((text, *(f"{prefix}{line}" for line in _traceback(record))))
        return text


class JsonFormatter(_DatedFormatter):
    """Formats a record as one JSON object; the keys are also in oslo.log's JSONFormatter.

    - ``message``, ``name``, ``levelname``, ``levelno`` and ``process`` are those of the record.
    - ``asctime`` is the local time with milliseconds.
    - ``created`` is in seconds since 1970.
    - ``hostname`` is the name of this machine.
    - ``traceback`` is a text, or null if the record has no exception.
    - ``args`` is an object with the named arguments of the message, as in the access log; null if
      the arguments have no names.
    - ``context`` is an object with the ids of the request and of its caller; empty outside of a
      request.

    All text is escaped. Secrets are redacted in messages, in texts of errors, and in ids if that of
    the user or the project has more than 64 characters, but not in ``args``.
    """

    def __init__(self) -> None:
        super().__init__(datefmt=_DATE_FORMAT)
        self._hostname = socket.gethostname()

    def format(self, record: logging.LogRecord) -> str:
        """Return the JSON object on one line, without a line end.

        If the message does not fit its arguments, raises the error of ``%``, such as TypeError. The
        handler reports that error.
        """
        is_in_request = current_context.get() is not NO_REQUEST
        ids = {name: value for name, value in _context_ids().items() if name in _FIELDS}
        document: dict[str, Any] = {
            "message": _message(record),
            "asctime": f"{self._asctime(record)},{int(record.msecs):03d}",
            "name": record.name,
            "levelname": record.levelname,
            "levelno": record.levelno,
            "created": record.created,
            "process": record.process,
            "hostname": self._hostname,
            "traceback": None,
            "context": ids if is_in_request else {},
            "args": record.args if isinstance(record.args, Mapping) else None,
        }
        with contextlib.suppress(TypeError):  # half of a surrogate pair, for example
            text = orjson.dumps(document, default=str).decode()
            # Quotes are the only characters of usual lines that JSON escapes.
            if _is_plain(text) and "\\" not in text.replace('\\"', "") and not record.exc_info:
                return text
        document["message"] = escape(document["message"])
        document["context"] = _redacted_ids(document["context"])
        if document["args"] is not None:
            document["args"] = {key: _field(value) for key, value in document["args"].items()}
        if record.exc_info:
            document["traceback"] = "\n".join(_traceback(record))
        return orjson.dumps(document).decode()


def _message(record: logging.LogRecord) -> str:
    """Return the message of a record, redacted and escaped.

    The message of an access log record is returned unchanged: its parts are already redacted, and
    the whole line is escaped later.
    """
    text = record.getMessage()
    return text if record.name == ACCESS_LOG else sanitize(text)


def _field(value: object) -> object:
    """Return None, a bool or a number unchanged; return another value as an escaped text.

    An integer with an absolute value above 2**63 - 1 becomes a text, too.
    """
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int) and abs(value) <= _MAX_INTEGER:
        return value
    return escape(str(value))


def _traceback(record: logging.LogRecord) -> Iterator[str]:
    """Yield the lines of a record's traceback, redacted and escaped.

    The text of the exception is a single line. The record must have an exception (`exc_info`).
    """
    for part in traceback.format_exception(*record.exc_info):  # type: ignore[misc]  # there is one
        lines = part.strip("\n").split("\n") if part.startswith(_FRAMES) else [part.rstrip("\n")]
        yield from map(sanitize, lines)


def _context_ids() -> dict[str, str]:
    """Return the ids of the current request and of its caller, under oslo.log's names.

    A missing id is ``-``. Names and domains are left out if the caller is not known.

    An id of the caller may be any text, because it may come from a noauth token. If the id of the
    user or the project has more than 64 characters, the result is already redacted and escaped.
    Otherwise it is not: use `_redacted_ids` if the line with the ids is not plain (`_is_plain`).
    """
    request = current_context.get()
    values = {"request_id": request.request_id, "global_request_id": request.global_id or "-"}
    caller = request.caller
    if caller is None:
        return {**values, "user": "-", "project": "-"}
    values |= {
        "user": caller.user_id,
        "project": caller.project_id or "-",
        "user_name": caller.user_name or "-",
        "project_name": caller.project_name or "-",
        "user_domain": caller.user_domain_id or "-",
        "project_domain": caller.project_domain_id or "-",
    }
    if max(len(values["user"]), len(values["project"])) > _MAX_USUAL_ID_LENGTH:
        # A Keystone token that is sent to a noauth server would be an id.
        return _redacted_ids(values)
    return values


def _is_plain(text: str) -> bool:
    """Return True if a line has at most 1,000 characters and all characters are printable."""
    return len(text) <= _USUAL_LINE and text.isprintable()


def _redacted_ids(values: Mapping[str, object]) -> dict[str, str]:
    """Return only the ids and names in `values`, cut to 255 characters, redacted and escaped.

    Ids and names are the keys in _CONTEXT whose values are texts.
    """
    return {
        name: sanitize(text[:_MAX_ID_LENGTH])
        for name, text in values.items()
        if name in _CONTEXT and isinstance(text, str)
    }
