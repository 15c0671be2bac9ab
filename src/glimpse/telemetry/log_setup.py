"""Logs: where to and in which form, by the options that OpenStack services share (oslo.log)."""

import contextlib
import logging
import math
import re
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from glimpse.settings import Server
from glimpse.telemetry.access_log import ACCESS_LOG
from glimpse.telemetry.redaction import escape, show
from glimpse.telemetry.request_context import NO_REQUEST, current_context, current_request

_NAME = re.compile(r"%\((\w+)\)")
_IDENTITY = "%(user_identity)s"
_EMPTY = ("instance", "resource", "color")  # in oslo.log's formats right before other words
_FIELDS = ("request_id", "global_request_id", "user", "project")
_KNOWN = logging.makeLogRecord({})  # has every attribute that a record has
_CONTEXT = frozenset((*_FIELDS, "user_name", "project_name", "user_domain", "project_domain"))
_USUAL_LINE = 1000  # characters of a line that is not looked at for long ids
_LONGEST_USUAL_ID = 64
_LONGEST_ID = 255  # characters of an id or a name, as Keystone has them
_LARGEST_INTEGER = 2**63 - 1  # of those that orjson writes
_SAID_AGAIN = 60.0  # seconds until it is said again that the log cannot be written
_FRAMES = ("  ", "Traceback (", "\n")  # how those parts of a traceback begin that Python writes


def configure_logging(server: Server) -> None:
    """Send log records where the options say: a file or standard error, lines or JSON objects.

    Called again, it opens the file anew: after it was moved away, lines go to a new one.
    """
    file = log_path(server)
    handler = _FileHandler(file) if file else _StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if server.use_json else LineFormatter(server))
    logging.basicConfig(
        level=logging.DEBUG if server.debug else logging.INFO, handlers=[handler], force=True
    )
    for library in ("uvicorn", "uvicorn.error", "asyncio", "stevedore", "keystoneauth"):
        # Below WARNING these tell what they send, and what they send includes tokens.
        logging.getLogger(library).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_is_not_logged_yet)


def log_path(server: Server) -> Path | None:
    """The file to log to, as oslo.log finds it; None for standard error."""
    if not (server.log_file or server.log_dir):
        return None
    return Path(server.log_dir or "") / (server.log_file or "glimpse.log")


def reopen_logs(server: Server) -> None:
    """As `configure_logging`, for a process that is to go on whatever comes of it."""
    try:
        configure_logging(server)
    except OSError as error:
        logging.getLogger(__name__).error("The log file stays the old one: %s", error)  # noqa: TRY400


def _is_not_logged_yet(record: logging.LogRecord) -> bool:
    """Return False for uvicorn's record of an exception that RequestMiddleware has logged."""
    return not (record.exc_info and current_context.get().exception_logged)


class _Failing(logging.Handler):
    """Says once a minute on standard error that lines cannot be written; the program goes on."""

    _said_at = -math.inf

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802  logging's signature
        """Report the exception being handled: logging's own way is a traceback for every line."""
        now = time.monotonic()
        if now - self._said_at < _SAID_AGAIN:
            return
        self._said_at = now
        with contextlib.suppress(OSError, ValueError):  # standard error is full, or closed
            sys.stderr.write(f"glimpse: the log cannot be written: {sys.exc_info()[1]}\n")


class _FileHandler(_Failing, logging.FileHandler):
    """Appends lines to a file."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, encoding="utf-8", errors="backslashreplace")


class _StreamHandler(_Failing, logging.StreamHandler):  # type: ignore[type-arg]  # no such at run time
    """Writes lines to standard error."""


class LineFormatter(logging.Formatter):
    """One line a record, in one of two formats: with the ids of the request, or without any.

    At level DEBUG it has a suffix, and each line of a traceback has a prefix. A name in a format
    that Glimpse has no value for is written as ``-``: a nova.conf may have any of oslo.log's.
    Messages, ids and texts of errors may be made of foreign text: they are redacted and escaped.
    """

    def __init__(self, server: Server) -> None:
        super().__init__(datefmt=server.log_date_format)
        identity = server.logging_user_identity_format
        self._without = server.logging_default_format_string
        self._within = server.logging_context_format_string.replace(_IDENTITY, identity)
        self._suffix = server.logging_debug_format_suffix
        self._prefix = server.logging_exception_prefix.replace(_IDENTITY, identity)
        formats = (self._without, self._within, self._suffix, self._prefix)
        names = dict.fromkeys(_NAME.findall("".join(formats)), "-")
        names |= dict.fromkeys(_EMPTY, "")
        self._unknown = {name: names[name] for name in names.keys() - _KNOWN.__dict__.keys()}
        self._second = 0
        self._date = ""

    def format(self, record: logging.LogRecord) -> str:
        """Render one record."""
        within = current_request.get() is not NO_REQUEST
        values = {**self._unknown, **record.__dict__, **(_context() if within else {})}
        values["asctime"] = self._asctime(record)
        values["message"] = _message(record)
        form = self._within if within else self._without
        text = form % values
        # Nearly never: looking at each value of each line would cost too much.
        if record.exc_info or not _is_plain(text):
            values |= _shown(values) | {"message": escape(values["message"])}
            text = form % values
        if record.levelno == logging.DEBUG and self._suffix:
            text = f"{text} {self._suffix % values}"
        if record.exc_info:
            prefix = self._prefix % values
            text = "\n".join((text, *(f"{prefix}{line}" for line in _traceback(record))))
        return text

    def _asctime(self, record: logging.LogRecord) -> str:
        """The date in the configured form, made once a second."""
        second = int(record.created)
        if second != self._second:
            self._second, self._date = second, self.formatTime(record, self.datefmt)
        return self._date


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time in seconds since 1970, level, logger, ids, message.

    The named parts of a message, as an access line has them, are fields too. Texts are redacted and
    escaped as in lines.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Render one record."""
        document: dict[str, object] = {
            "time": record.created,
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": _message(record),
            **{name: value for name, value in _context().items() if name in _FIELDS},
        }
        if isinstance(record.args, Mapping):
            document.update(record.args)
        with contextlib.suppress(TypeError):  # what JSON has not: half of a surrogate pair, say
            text = orjson.dumps(document, default=str).decode()
            # Quotes are the only characters of usual lines that JSON escapes.
            if _is_plain(text) and "\\" not in text.replace('\\"', "") and not record.exc_info:
                return text
        document = {name: _field(value) for name, value in document.items()} | _shown(document)
        if record.exc_info:
            document["traceback"] = "\n".join(_traceback(record))
        return orjson.dumps(document).decode()


def _message(record: logging.LogRecord) -> str:
    """The message, redacted and escaped.

    The parts of an access line are redacted when it is made; it is escaped with the whole line.
    """
    text = record.getMessage()
    return text if record.name == ACCESS_LOG else show(text)


def _field(value: object) -> object:
    """A value that JSON has, and a text of which nothing has to be escaped."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int) and abs(value) <= _LARGEST_INTEGER:
        return value
    return escape(str(value))


def _traceback(record: logging.LogRecord) -> Iterator[str]:
    """The lines of a traceback; the text of the exception is one of them, whatever is in it."""
    for part in traceback.format_exception(*record.exc_info):  # type: ignore[misc]  # there is one
        lines = part.strip("\n").split("\n") if part.startswith(_FRAMES) else [part.rstrip("\n")]
        yield from map(show, lines)


def _context() -> dict[str, str]:
    """The ids of the request being served and of its caller, under oslo.log's names.

    A caller's are what Keystone, or a token of noauth, says: foreign texts. See `_shown`.
    """
    ids, caller = current_request.get(), current_context.get().caller
    context = {"request_id": ids.request_id, "global_request_id": ids.global_id or "-"}
    if caller is None:
        return {**context, "user": "-", "project": "-"}
    context |= {
        "user": caller.user_id,
        "project": caller.project_id or "-",
        "user_name": caller.user_name or "-",
        "project_name": caller.project_name or "-",
        "user_domain": caller.user_domain_id or "-",
        "project_domain": caller.project_domain_id or "-",
    }
    if max(len(context["user"]), len(context["project"])) > _LONGEST_USUAL_ID:
        return _shown(context)  # with noauth, a token of Keystone's would be an id
    return context


def _is_plain(text: str) -> bool:
    """Whether a line holds neither a text that has to be escaped, nor a very long one."""
    return len(text) <= _USUAL_LINE and text.isprintable()


def _shown(values: Mapping[str, object]) -> dict[str, str]:
    """The values of a request's context, redacted, escaped, and cut like ids that are too long."""
    return {
        name: show(text[:_LONGEST_ID])
        for name, text in values.items()
        if name in _CONTEXT and isinstance(text, str)
    }
