"""Logs: where to and in which form, by the options that OpenStack services share (oslo.log)."""

import logging
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import orjson

from glimpse.correlation import NO_REQUEST, current_notes, current_request
from glimpse.http.edge import AnswerCut
from glimpse.settings import Server

_NAME = re.compile(r"%\((\w+)\)")
_IDENTITY = "%(user_identity)s"
_EMPTY = ("instance", "resource", "color")  # in oslo.log's formats right before other words
_FIELDS = ("request_id", "global_request_id", "user", "project")
_KNOWN = logging.makeLogRecord({})  # has every attribute that a record has


def configure_logging(server: Server) -> None:
    """Send log records where the options say: a file or standard error, lines or JSON objects.

    Called again, it opens the file anew: after it was moved away, lines go to a new one.
    """
    handler: logging.Handler
    file = log_path(server)
    handler = logging.FileHandler(file) if file else logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if server.use_json else LineFormatter(server))
    logging.basicConfig(
        level=logging.DEBUG if server.debug else logging.INFO, handlers=[handler], force=True
    )
    for library in ("uvicorn", "uvicorn.error", "asyncio", "stevedore", "keystoneauth"):
        # Below WARNING these tell what they send, and what they send includes tokens.
        logging.getLogger(library).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_is_news)


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


def _is_news(record: logging.LogRecord) -> bool:
    """Whether the server's record says what `http.edge` has not said already."""
    return not (record.exc_info and isinstance(record.exc_info[1], AnswerCut))


class LineFormatter(logging.Formatter):
    """One line a record, in one of two formats: with the ids of the request, or without any.

    At level DEBUG it has a suffix, and each line of a traceback has a prefix. A name in a format
    that Glimpse has no value for is written as ``-``: a nova.conf may have any of oslo.log's.
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
        values["message"] = record.getMessage()
        text = (self._within if within else self._without) % values
        if record.levelno == logging.DEBUG and self._suffix:
            text = f"{text} {self._suffix % values}"
        if record.exc_info:
            prefix = self._prefix % values
            lines = self.formatException(record.exc_info).splitlines()
            text = "\n".join((text, *(f"{prefix}{line}" for line in lines)))
        return text

    def _asctime(self, record: logging.LogRecord) -> str:
        """The date in the configured form, made once a second."""
        second = int(record.created)
        if second != self._second:
            self._second, self._date = second, self.formatTime(record, self.datefmt)
        return self._date


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time in seconds since 1970, level, logger, ids, message.

    The named parts of a message, as an access line has them, are fields too.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Render one record."""
        document: dict[str, object] = {
            "time": record.created,
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
            **{name: value for name, value in _context().items() if name in _FIELDS},
        }
        if isinstance(record.args, Mapping):
            document.update(record.args)
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(document, default=str).decode()


def _context() -> dict[str, str]:
    """The ids of the request being served and of its caller, under oslo.log's names."""
    ids, caller = current_request.get(), current_notes.get().caller
    context = {"request_id": ids.request_id, "global_request_id": ids.global_id or "-"}
    if caller is None:
        return {**context, "user": "-", "project": "-"}
    return {
        **context,
        "user": caller.user_id,
        "project": caller.project_id or "-",
        "user_name": caller.user_name or "-",
        "project_name": caller.project_name or "-",
        "user_domain": caller.user_domain_id or "-",
        "project_domain": caller.project_domain_id or "-",
    }
