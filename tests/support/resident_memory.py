"""The resident memory of a running process."""

from pathlib import Path

MEGABYTE = 1024 * 1024


def resident_bytes(pid: int) -> int:
    """Return the resident set size of a process (VmRSS); raise ProcessLookupError without one."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)
