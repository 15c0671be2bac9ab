"""The backends of the health check. Each looks for files, as those of oslo.middleware do."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple


class HealthResult(NamedTuple):
    """The result of one backend: is the process available for requests, and why (or why not).

    `details` explains the reason to a person, for example by the path of a file. It may be empty.
    """

    is_available: bool
    reason: str
    details: str = ""


# Returns its present result for requests that arrive at a port.
Backend = Callable[[int], HealthResult]


def disable_by_file(path: str | None) -> Backend:
    """Make a backend that is unavailable while the file at `path` exists.

    Without a path, it is always available.
    """

    def check(_port: int) -> HealthResult:
        if not path:
            text = "No 'disable_by_file_path' configuration value specified"
            return HealthResult(is_available=True, reason="OK", details=text)
        return _unless_exists(path)

    return check


def disable_by_files_ports(pairs: Sequence[str]) -> Backend:
    """Make a backend that is unavailable at a port while the file for this port exists.

    `pairs` have the form ``port:path``; other ports are always available. Raises ValueError for a
    malformed pair.
    """
    paths: dict[int, str] = {}
    for text in pairs:
        port, colon, path = text.strip().partition(":")
        if not (colon and port.isdigit()):
            raise ValueError(f"[healthcheck] disable_by_file_paths: {text!r} is no port:path")
        paths[int(port)] = path

    def check(port: int) -> HealthResult:
        path = paths.get(port)
        return _unless_exists(path) if path else HealthResult(is_available=True, reason="OK")

    return check


def enable_by_files(paths: Sequence[str]) -> Backend:
    """Make a backend that is unavailable unless all files at `paths` exist.

    Without paths, it is always available.
    """

    def check(_port: int) -> HealthResult:
        for path in paths:
            if not Path(path).exists():
                text = f"File path {path} is missing"
                return HealthResult(is_available=False, reason="FILE PATH MISSING", details=text)
        text = "Specified file paths are available"
        return HealthResult(is_available=True, reason="OK", details=text)

    return check


def _unless_exists(path: str) -> HealthResult:
    """Return unavailable if there is a file at `path`, otherwise available."""
    if Path(path).exists():
        text = f"Path '{path}' was found"
        return HealthResult(is_available=False, reason="DISABLED BY FILE", details=text)
    return HealthResult(is_available=True, reason="OK", details=f"Path '{path}' was not found")
