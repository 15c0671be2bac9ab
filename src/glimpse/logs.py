"""Logs: where to and in which form, by the options that OpenStack services share (oslo.log)."""

import logging
import sys
from pathlib import Path

import orjson

from glimpse.correlation import current_request
from glimpse.http.edge import AnswerCut
from glimpse.settings import Server


def configure_logging(server: Server) -> None:
    """Send log records where the options say: a file or standard error, lines or JSON objects."""
    handler: logging.Handler
    if server.log_file:
        handler = logging.FileHandler(Path(server.log_dir or "") / server.log_file)
    else:
        handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter()
        if server.use_json
        else logging.Formatter(server.logging_default_format_string, server.log_date_format)
    )
    logging.basicConfig(
        level=logging.DEBUG if server.debug else logging.INFO, handlers=[handler], force=True
    )
    for library in ("uvicorn", "uvicorn.error", "asyncio", "stevedore", "keystoneauth"):
        # Below WARNING these tell what they send, and what they send includes tokens.
        logging.getLogger(library).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether the server's record says what `http.edge` has not said already."""
    return not (record.exc_info and isinstance(record.exc_info[1], AnswerCut))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time in seconds since 1970, level, logger, request id, message."""

    def format(self, record: logging.LogRecord) -> str:
        """Render one record."""
        document = {
            "time": record.created,
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "request_id": current_request.get().request_id,
            "message": record.getMessage(),
        }
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(document, default=str).decode()
