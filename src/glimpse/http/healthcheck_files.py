"""The backends of the health check: they look for files, as in oslo.middleware."""

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple


class HealthResult(NamedTuple):
    """The result of one backend: whether the process is available for requests, and why.

    `reason` is a short text (``OK``, ``DISABLED BY FILE``). `details` is a longer text, which may
    name a file, or may be empty.
    """

    is_available: bool
    reason: str
    details: str = ""


# Takes the port at which requests arrive (0 if unknown); returns the present result for that port.
Backend = Callable[[int], HealthResult]


def disable_by_file(path: str | None) -> Backend:
    """Make a backend that reports "unavailable" while the file at `path` exists.

    If `path` is None or empty, the backend always reports "available".
    """

    def check(_port: int) -> HealthResult:
        if not path:
            text = "No 'disable_by_file_path' configuration value specified"
            return HealthResult(is_available=True, reason="OK", details=text)
        return _disabled_if_exists(path)

    return check


def disable_by_files_ports(pairs: Sequence[str]) -> Backend:
    """Make a backend that reports "unavailable" for a port while the file of the port exists.

    `pairs` has ports and their files (``8774:/run/disabled``). If a port is repeated, the last pair
    counts. The backend always reports "available" for ports that are not in `pairs`, or that have
    an empty file name. Raises ValueError for a malformed pair.
    """
    paths: dict[int, str] = {}
    for text in pairs:
        port, colon, path = text.strip().partition(":")
        if not (colon and port.isdigit()):
            raise ValueError(f"[healthcheck] disable_by_file_paths: {text!r} is no port:path")
        paths[int(port)] = path

    def check(port: int) -> HealthResult:
        path = paths.get(port)
        return _disabled_if_exists(path) if path else HealthResult(is_available=True, reason="OK")

    return check


def enable_by_files(paths: Sequence[str]) -> Backend:
    """Make a backend that reports "unavailable" while a file of `paths` is missing.

    If `paths` is empty, the backend always reports "available".
    """

    def check(_port: int) -> HealthResult:
        for path in paths:
            if not _exists(path):
                text = f"File path {path} is missing"
                return HealthResult(is_available=False, reason="FILE PATH MISSING", details=text)
        text = "Specified file paths are available"
        return HealthResult(is_available=True, reason="OK", details=text)

    return check


def _disabled_if_exists(path: str) -> HealthResult:
    """Return unavailable if there is a file at `path`, otherwise available."""
    if _exists(path):
        text = f"Path '{path}' was found"
        return HealthResult(is_available=False, reason="DISABLED BY FILE", details=text)
    return HealthResult(is_available=True, reason="OK", details=f"Path '{path}' was not found")


def _exists(path: str) -> bool:
    """Return True if there is a file at `path`, and it can be reached.

    Returns False, and raises nothing, if this process has no permission for a directory of `path`.
    """
    return os.path.exists(path)  # noqa: PTH110  Path.exists raises PermissionError
