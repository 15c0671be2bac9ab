"""The backends of the health check: what each looks at, with oslo.middleware's results."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple


class HealthResult(NamedTuple):
    """What one backend found: whether it has requests sent here, and why."""

    available: bool
    reason: str
    details: str = ""


# Says what it finds now for requests that arrive at a port.
Backend = Callable[[int], HealthResult]


def disable_by_file(path: str | None) -> Backend:
    """Unavailable while the file at `path` exists."""

    def check(_port: int) -> HealthResult:
        if not path:
            text = "No 'disable_by_file_path' configuration value specified"
            return HealthResult(available=True, reason="OK", details=text)
        return _unless_exists(path)

    return check


def disable_by_files_ports(pairs: Sequence[str]) -> Backend:
    """Unavailable at a port while the file of one of the ``port:path`` pairs exists.

    Raises ValueError for a pair that is malformed.
    """
    paths: dict[int, str] = {}
    for text in pairs:
        port, colon, path = text.strip().partition(":")
        if not (colon and port.isdigit()):
            raise ValueError(f"[healthcheck] disable_by_file_paths: {text!r} is no port:path")
        paths[int(port)] = path

    def check(port: int) -> HealthResult:
        path = paths.get(port)
        return _unless_exists(path) if path else HealthResult(available=True, reason="OK")

    return check


def enable_by_files(paths: Sequence[str]) -> Backend:
    """Unavailable unless all files at `paths` exist."""

    def check(_port: int) -> HealthResult:
        for path in paths:
            if not Path(path).exists():
                text = f"File path {path} is missing"
                return HealthResult(available=False, reason="FILE PATH MISSING", details=text)
        text = "Specified file paths are available"
        return HealthResult(available=True, reason="OK", details=text)

    return check


def _unless_exists(path: str) -> HealthResult:
    if Path(path).exists():
        text = f"Path '{path}' was found"
        return HealthResult(available=False, reason="DISABLED BY FILE", details=text)
    return HealthResult(available=True, reason="OK", details=f"Path '{path}' was not found")
