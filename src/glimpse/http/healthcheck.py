"""Healthcheck: whether this process wants requests, answered as oslo.middleware's healthcheck does.

The same section, options, backends, statuses and bodies (plain text and JSON); only the HTML page
is Glimpse's own. What it refuses to answer finds nothing at the path, and goes to the API.
"""

import gc
import html
import ipaddress
import json
import logging
import platform
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from starlette.types import Scope, Send

from glimpse.http.accept import best_offer
from glimpse.settings import Healthcheck

_LOG = logging.getLogger(__name__)
_OFFERS = ("text/plain", "text/html", "application/json")
_EXCLUSIVE = frozenset(("disable_by_file", "enable_by_files"))
_PROXY_HEADERS = tuple(
    b"x-forwarded" + suffix for suffix in (b"", b"-proto", b"-host", b"-for", b"-prefix")
)


class HealthResult(NamedTuple):
    """What one backend found."""

    available: bool
    reason: str
    details: str = ""


Backend = Callable[[Healthcheck, int], HealthResult]


class HealthView:
    """Answers at ``[healthcheck] path``. Raises ValueError for options that contradict."""

    def __init__(self, options: Healthcheck) -> None:
        if set(options.backends) >= _EXCLUSIVE:
            raise ValueError("[healthcheck] disable_by_file and enable_by_files exclude each other")
        for name in options.backends:
            if name not in _BACKENDS:
                _LOG.warning("[healthcheck] backend %s is not known and not used.", name)
        self._options = options
        self._backends = [_BACKENDS[name] for name in options.backends if name in _BACKENDS]
        self._networks = [ipaddress.ip_network(text) for text in options.allowed_source_ranges]
        _ports(options)  # a bad pair is said now, not at the first request

    def answers(self, scope: Scope) -> bool:
        """Whether this request is the health check's: by its path, its source and its headers."""
        path, own = scope["path"], self._options.path
        if path != own and not path.startswith(own + "/"):
            return False
        if self._networks and not self._is_allowed(scope.get("client")):
            return False
        headers: dict[bytes, bytes] = scope["glimpse.headers"]
        return not (
            self._options.ignore_proxied_requests
            and any(headers.get(name) for name in _PROXY_HEADERS)
        )

    def _is_allowed(self, client: tuple[str, int] | None) -> bool:
        try:
            address = ipaddress.ip_address(client[0] if client else "")
        except ValueError:
            return False
        return any(address in network for network in self._networks)

    def check(self, port: int = 0) -> list[HealthResult]:
        """What each backend finds now for requests that arrive at `port`."""
        return [backend(self._options, port) for backend in self._backends]

    async def __call__(self, scope: Scope, send: Send) -> None:
        """Answer, whatever the verb."""
        server = scope.get("server") or ("", 0)
        results = self.check(server[1] or 0)
        status = 200 if all(result.available for result in results) else 503
        if scope["method"] == "HEAD":
            if status == 200:  # noqa: PLR2004  oslo.middleware answers 204, without a body's headers
                await send({"type": "http.response.start", "status": 204, "headers": []})
                await send({"type": "http.response.body"})
                return
            content_type, body = "text/plain", ""
        else:
            accept = scope["glimpse.headers"].get(b"accept", b"*/*").decode("latin-1")
            content_type, body = self._render(results, best_offer(accept, _OFFERS) or _OFFERS[0])
        data = body.encode()
        charset = "" if content_type == "application/json" else "; charset=UTF-8"
        headers = [
            (b"content-type", (content_type + charset).encode()),
            (b"content-length", b"%d" % len(data)),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": data})

    def _render(self, results: Sequence[HealthResult], offer: str) -> tuple[str, str]:
        if offer == "application/json":
            document = (_detailed if self._options.detailed else _brief)(results)
            return offer, json.dumps(document, indent=4, sort_keys=True)
        if offer == "text/html":
            return offer, _html_page(results, detailed=self._options.detailed)
        return offer, "\n".join(result.reason for result in results)


def _brief(results: Sequence[HealthResult]) -> dict[str, object]:
    return {"detailed": False, "reasons": [result.reason for result in results]}


def _detailed(results: Sequence[HealthResult]) -> dict[str, object]:
    """The results, and the state of the interpreter under oslo.middleware's names."""
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
    items = "".join(
        f"<li>{html.escape(f'{one.reason}: {one.details}' if detailed else one.reason)}</li>\n"
        for one in results
    )
    title = "Healthcheck Status"
    return (
        f"<html>\n<head><title>{title}</title></head>\n<body>\n"
        f"<h2>Result of {len(results)} checks:</h2>\n<ul>\n{items}</ul>\n</body>\n</html>"
    )


def _disable_by_file(options: Healthcheck, _port: int) -> HealthResult:
    path = options.disable_by_file_path
    if not path:
        text = "No 'disable_by_file_path' configuration value specified"
        return HealthResult(available=True, reason="OK", details=text)
    return _unless_there(path)


def _disable_by_files_ports(options: Healthcheck, port: int) -> HealthResult:
    path = _ports(options).get(port)
    return _unless_there(path) if path else HealthResult(available=True, reason="OK")


def _enable_by_files(options: Healthcheck, _port: int) -> HealthResult:
    for path in options.enable_by_file_paths:
        if not Path(path).exists():
            text = f"File path {path} is missing"
            return HealthResult(available=False, reason="FILE PATH MISSING", details=text)
    text = "Specified file paths are available"
    return HealthResult(available=True, reason="OK", details=text)


def _unless_there(path: str) -> HealthResult:
    if Path(path).exists():
        text = f"Path '{path}' was found"
        return HealthResult(available=False, reason="DISABLED BY FILE", details=text)
    return HealthResult(available=True, reason="OK", details=f"Path '{path}' was not found")


def _ports(options: Healthcheck) -> Mapping[int, str]:
    """The file of each port. Raises ValueError for a pair that is none."""
    pairs = {}
    for text in options.disable_by_file_paths:
        port, colon, path = text.strip().partition(":")
        if not (colon and port.isdigit()):
            raise ValueError(f"[healthcheck] disable_by_file_paths: {text!r} is no port:path")
        pairs[int(port)] = path
    return pairs


_BACKENDS: Mapping[str, Backend] = {
    "disable_by_file": _disable_by_file,
    "disable_by_files_ports": _disable_by_files_ports,
    "enable_by_files": _enable_by_files,
}
