"""configure_logging: sets up logging by oslo.log's options. Also has the log handlers."""

import contextlib
import logging
import math
import sys
import time
from pathlib import Path

from glimpse.settings import Server
from glimpse.telemetry.log_formatters import JsonFormatter, LineFormatter
from glimpse.telemetry.redaction import sanitize
from glimpse.telemetry.request_context import current_context

_LOG = logging.getLogger(__name__)
_WARNING_INTERVAL = 60.0  # seconds between two messages that the log cannot be written


def configure_logging(server: Server) -> None:
    """Send log records to a file or standard error, as lines or JSON objects.

    Replaces and closes all handlers of the root logger, so that a log file is opened again after
    log rotation. A missing file is created, but no directory. If the file cannot be opened, raises
    OSError and changes nothing.

    The level is DEBUG if `server.debug` is True, otherwise INFO. The level of libraries that log
    tokens is WARNING. Records of uvicorn about exceptions that RequestMiddleware has logged are
    dropped.
    """
    file = log_path(server)
    handler = _FileHandler(file) if file else _StandardErrorHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if server.use_json else LineFormatter(server))
    logging.basicConfig(
        level=logging.DEBUG if server.debug else logging.INFO, handlers=[handler], force=True
    )
    for library in ("uvicorn", "uvicorn.error", "asyncio", "stevedore", "keystoneauth"):
        # Below WARNING, these libraries log what they send, which includes tokens.
        logging.getLogger(library).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_is_not_logged_yet)


def log_path(server: Server) -> Path | None:
    """Return the path of the log file, by oslo.log's rules; None for standard error.

    The name of the file is `log_file`, or ``glimpse.log`` if only `log_dir` is set. A relative name
    is relative to `log_dir`, or to the working directory if `log_dir` is not set. The result is
    None if neither option is set.
    """
    if not (server.log_file or server.log_dir):
        return None
    return Path(server.log_dir or "") / (server.log_file or "glimpse.log")


def reopen_logs(server: Server) -> None:
    """Configure logging again, so that the log file is opened again after log rotation.

    If the file cannot be opened, logs an error and keeps the present handlers. Also prints the
    error on standard error if the log is a file, because that file may have been removed. Raises
    nothing.
    """
    try:
        configure_logging(server)
    except OSError as error:
        message = (
            f"The log file {log_path(server)} cannot be opened again: {error.strerror}. The open "
            "file is kept, even if it was moved or removed: make the path writable, then send "
            "SIGHUP."
        )
        _LOG.error("%s", message)
        if not any(isinstance(each, _StandardErrorHandler) for each in logging.root.handlers):
            with contextlib.suppress(OSError, ValueError):  # standard error is full, or closed
                sys.stderr.write(f"glimpse: {sanitize(message)}\n")
                sys.stderr.flush()


def _is_not_logged_yet(record: logging.LogRecord) -> bool:
    """Return False for uvicorn's record of an exception that RequestMiddleware has logged."""
    return not (record.exc_info and current_context.get().is_exception_logged)


class _ErrorReportingHandler(logging.Handler):
    """Reports on standard error that records cannot be written, at most once a minute."""

    _reported_at = -math.inf

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802  inherited
        """Print on standard error the exception that is being handled, without its traceback.

        Does nothing if an exception was printed in the last minute. Raises nothing if standard
        error cannot be written.
        """
        now = time.monotonic()
        if now - self._reported_at < _WARNING_INTERVAL:
            return
        self._reported_at = now
        with contextlib.suppress(OSError, ValueError):  # standard error is full, or closed
            sys.stderr.write(f"glimpse: the log cannot be written: {sys.exc_info()[1]}\n")


class _FileHandler(_ErrorReportingHandler, logging.FileHandler):
    """Appends records to a file."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, encoding="utf-8", errors="backslashreplace")


class _StandardErrorHandler(_ErrorReportingHandler, logging.StreamHandler):  # type: ignore[type-arg]
    """Writes records to standard error."""
