"""The resident memory of a running process."""

from pathlib import Path

MEGABYTE = 1024 * 1024


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process. Raises ProcessLookupError if it has ended."""
    return _status_bytes(pid, "VmRSS:")


def peak_resident_bytes(pid: int) -> int:
    """Return the most resident memory that a process has had since its start."""
    return _status_bytes(pid, "VmHWM:")


def _status_bytes(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)  # a zombie has no memory
