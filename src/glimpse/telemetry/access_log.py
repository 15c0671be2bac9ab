"""The access log: one line for each request, without tokens and passwords."""

import functools
import logging
import os
import threading
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from starlette.types import Scope

from glimpse.telemetry.redaction import redact_target
from glimpse.telemetry.request_context import RequestContext

ACCESS_LOG = "glimpse.access"
LOG = logging.getLogger(ACCESS_LOG)

# Begins like the lines of nova-api's server. In JSON logs, the names are keys of ``args``.
_LINE = (
    '%(client)s "%(method)s %(target)s HTTP/%(http_version)s" status: %(status)d len: %(bytes)d '
    "time: %(seconds).4f operation: %(operation)s glance: %(glance_seconds).4f"
)
_INCOMPLETE_LINE = _LINE + " cut: %(cut)s sent: %(sent_status)d"
# Load balancers send these requests every few seconds. They are logged only if they fail.
_HEALTH_OPERATIONS = frozenset(("healthcheck", "readiness"))
_FIRST_ERROR = 400


class IncompleteResponse(NamedTuple):
    """A response that was not sent completely.

    `status` is the status code that was sent. `reason` is one of these words:

    - ``client``: the client closed the connection, or sent a malformed body.
    - ``timeout``: the client read too slowly.
    - ``memory``: the unsent data of all responses together took too much memory.
    - ``server``: the server failed or stopped before the response was complete.
    """

    reason: str
    status: int


def log_access(
    scope: Scope,
    context: RequestContext,
    client: str,
    *,
    status: int,
    size: int,
    seconds: float,
    incomplete: IncompleteResponse | None = None,
) -> None:
    """Log one request at INFO. A health or readiness check is logged only from status 400 on.

    `client` is the client's address. `size` is the number of bytes of the response's body that were
    sent. `seconds` is the time from the start of the request to the end of the response. Secrets in
    the path and query are hidden.

    `status` is the status code of the response. If the response is incomplete or has not started,
    `status` is 500 if the server failed or stopped, otherwise 499. For an incomplete response, the
    caller also passes `incomplete`: the line then has the reason and the status code sent, too.
    """
    if status < _FIRST_ERROR and context.operation in _HEALTH_OPERATIONS:
        return
    if not LOG.isEnabledFor(logging.INFO):
        return
    values = {
        "client": client,
        "method": scope["method"],
        "target": redacted_target(scope),
        "http_version": scope.get("http_version", "1.1"),
        "operation": context.operation,
        "status": status,
        "bytes": size,
        "seconds": seconds,
        "glance_seconds": context.glance_seconds,
    }
    record = _record(values)
    if incomplete is not None:
        values |= {"cut": incomplete.reason, "sent_status": incomplete.status}
        record.msg = _INCOMPLETE_LINE
    LOG.handle(record)


def _record(values: dict[str, object]) -> logging.LogRecord:
    """Return the log record that `LOG.info` would make, in three quarters of the time.

    `values` are the arguments of the message. All other attributes except the time are the same for
    all records of a thread (see `_common_attributes`).
    """
    same = _common_attributes(os.getpid(), threading.get_ident())
    record = logging.LogRecord.__new__(logging.LogRecord)
    now = time.time()
    since_start = same["relativeCreated"] + (now - same["created"]) * 1000
    record.__dict__.update(
        same, created=now, msecs=now % 1 * 1000 // 1, relativeCreated=since_start, args=values
    )
    return record


@functools.lru_cache(maxsize=8)
def _common_attributes(_process: int, _thread: int) -> dict[str, Any]:
    """Return the attributes that all access log records of one thread have in common.

    The parameters are the ids of the current process and thread, which are among the attributes.
    The result is cached for these ids: change only a copy.
    """
    return vars(LOG.makeRecord(LOG.name, logging.INFO, __file__, 0, _LINE, (), None))


def redacted_target(scope: Mapping[str, object]) -> str:
    """Return the path and query of a request, on one line, without secrets (`redact_target`).

    `scope` is the ASGI scope. The path is as the client sent it, or percent-encoded again if the
    scope has no raw path. A path or query of more than 2,048 characters is cut.
    """
    raw, query = scope.get("raw_path"), scope["query_string"]
    path = raw.decode("latin-1") if isinstance(raw, bytes) else quote(str(scope["path"]))
    return redact_target(path, query.decode("latin-1") if isinstance(query, bytes) else "")
