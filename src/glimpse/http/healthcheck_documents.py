"""The health check's results as JSON documents and as an HTML page."""

import gc
import html
import platform
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime

from glimpse.http.healthcheck_backends import HealthResult


def brief_document(results: Sequence[HealthResult]) -> dict[str, object]:
    """Return ``{"detailed": false, "reasons": [...]}``, with the reasons of all results."""
    return {"detailed": False, "reasons": [result.reason for result in results]}


def detailed_document(results: Sequence[HealthResult]) -> dict[str, object]:
    """Return the results with their details, and the state of the Python interpreter.

    The keys are oslo.middleware's. `threads` has the stack of each thread.
    """
    frames = sys._current_frames().values()  # noqa: SLF001  the documented way to them
    return {
        "detailed": True,
        "python_version": sys.version,
        "now": str(datetime.now(UTC).replace(tzinfo=None)),
        "platform": platform.platform(),
        "gc": {"counts": gc.get_count(), "threshold": gc.get_threshold()},
        "reasons": [
            {"reason": result.reason, "details": result.details, "class": "HealthcheckResult"}
            for result in results
        ],
        "greenthreads": [],
        "threads": ["".join(traceback.format_stack(frame)) for frame in frames],
    }


def html_page(results: Sequence[HealthResult], *, detailed: bool) -> str:
    """Return a page with one line for each result: its reason and, if `detailed`, its details."""
    items = "".join(
        f"<li>{html.escape(f'{one.reason}: {one.details}' if detailed else one.reason)}</li>\n"
        for one in results
    )
    title = "Healthcheck Status"
    return (
        f"<html>\n<head><title>{title}</title></head>\n<body>\n"
        f"<h2>Result of {len(results)} checks:</h2>\n<ul>\n{items}</ul>\n</body>\n</html>"
    )
