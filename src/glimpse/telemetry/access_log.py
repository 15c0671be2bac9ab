"""The access log: one line a request, with nothing in it that lets anybody in."""

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

# The first part is what Compute's own server logs; the names are fields where logs are JSON.
_LINE = (
    '%(client)s "%(method)s %(target)s HTTP/%(http_version)s" status: %(status)d len: %(bytes)d '
    "time: %(seconds).4f operation: %(operation)s glance: %(glance_seconds).4f"
)
_CUT_LINE = _LINE + " cut: %(cut)s sent: %(sent_status)d"
# Asked every few seconds by machines: worth a line only when the answer is bad.
_ROUTINE = frozenset(("healthcheck", "readiness"))
_FIRST_BAD = 400


class Cut(NamedTuple):
    """A response that the client did not get to its end.

    `reason` is ``client`` if the client closed the connection, ``timeout`` if it took too little
    for too long, ``memory`` if others needed what its response took, ``server`` if the rest could
    not be made. `status` is the one that was sent.
    """

    reason: str
    status: int


def log_access(
    scope: Scope,
    notes: RequestContext,
    client: str,
    *,
    status: int,
    size: int,
    seconds: float,
    cut: Cut | None = None,
) -> None:
    """Log one request of a `client`; `size` counts the bytes of the response's body."""
    if status < _FIRST_BAD and notes.operation in _ROUTINE:
        return
    if not LOG.isEnabledFor(logging.INFO):
        return
    values = {
        "client": client,
        "method": scope["method"],
        "target": safe_target(scope),
        "http_version": scope.get("http_version", "1.1"),
        "operation": notes.operation,
        "status": status,
        "bytes": size,
        "seconds": seconds,
        "glance_seconds": notes.glance_seconds,
    }
    record = _record(values)
    if cut is not None:
        values |= {"cut": cut.reason, "sent_status": cut.status}
        record.msg = _CUT_LINE
    LOG.handle(record)


def _record(values: dict[str, object]) -> logging.LogRecord:
    """What `LOG.info` would make: of it all but the time is the same for each line of a thread.

    To find it out anew each time is a quarter of what an access line costs.
    """
    same = _same_for(os.getpid(), threading.get_ident())
    record = logging.LogRecord.__new__(logging.LogRecord)
    now = time.time()
    since_start = same["relativeCreated"] + (now - same["created"]) * 1000
    record.__dict__.update(
        same, created=now, msecs=now % 1 * 1000 // 1, relativeCreated=since_start, args=values
    )
    return record


@functools.lru_cache(maxsize=8)
def _same_for(_process: int, _thread: int) -> dict[str, Any]:
    return vars(LOG.makeRecord(LOG.name, logging.INFO, __file__, 0, _LINE, (), None))


def safe_target(scope: Mapping[str, object]) -> str:
    """The path and query as they were sent, on one line and without secrets."""
    raw, query = scope.get("raw_path"), scope["query_string"]
    path = raw.decode("latin-1") if isinstance(raw, bytes) else quote(str(scope["path"]))
    return redact_target(path, query.decode("latin-1") if isinstance(query, bytes) else "")
