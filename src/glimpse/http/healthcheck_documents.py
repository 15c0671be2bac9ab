"""The body of the response to a health check: plain text, HTML or JSON."""

import gc
import html
import json
import platform
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime

from glimpse.http.accept import best_offer
from glimpse.http.healthcheck_files import HealthResult
from glimpse.http.responses import Header

_OFFERS = ("text/plain", "text/html", "application/json")


def choose_media_type(accept: str) -> str:
    """Return text/plain, text/html or application/json, as an Accept header prefers.

    Returns text/plain if the header is malformed, or accepts none of the three.
    """
    return best_offer(accept, _OFFERS) or _OFFERS[0]


def content_type(media_type: str) -> Header:
    """Return a Content-Type header: JSON without a charset, other media types with UTF-8.

    Example: ``text/html; charset=UTF-8``.
    """
    charset = "" if media_type == "application/json" else "; charset=UTF-8"
    return b"content-type", (media_type + charset).encode()


def render_results(results: Sequence[HealthResult], media_type: str, *, detailed: bool) -> str:
    """Return the body of the response to a health check.

    `media_type` is a result of `choose_media_type`. Plain text has a line for each result, with the
    reason only. HTML and JSON have the reasons; if `detailed` is True, they have the details, too.
    Detailed JSON also has the state of the Python interpreter, with the stacks of all threads.
    """
    if media_type == "application/json":
        document = (_detailed_document if detailed else _brief_document)(results)
        return json.dumps(document, indent=4, sort_keys=True)
    if media_type == "text/html":
        return _html_page(results, detailed=detailed)
    return "\n".join(result.reason for result in results)


def _brief_document(results: Sequence[HealthResult]) -> dict[str, object]:
    """Return ``{"detailed": false, "reasons": [...]}``, with the reasons of all results."""
    return {"detailed": False, "reasons": [result.reason for result in results]}


def _detailed_document(results: Sequence[HealthResult]) -> dict[str, object]:
    """Return the results with their details, and the state of the Python interpreter.

    The keys are the same as in oslo.middleware. ``now`` is in UTC. ``threads`` has the stack of
    each thread, as a text. ``greenthreads`` is always empty.
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


def _html_page(results: Sequence[HealthResult], *, detailed: bool) -> str:
    """Return a page with one line for each result: its reason and, if `detailed`, its details.

    Both are escaped for HTML. A heading says how many results there are.
    """
    items = "".join(
        f"<li>{html.escape(f'{one.reason}: {one.details}' if detailed else one.reason)}</li>\n"
        for one in results
    )
    title = "Healthcheck Status"
    return (
        f"<html>\n<head><title>{title}</title></head>\n<body>\n"
        f"<h2>Result of {len(results)} checks:</h2>\n<ul>\n{items}</ul>\n</body>\n</html>"
    )
