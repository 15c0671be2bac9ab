"""The memory of a process that runs: what a test of its growth measures."""

from pathlib import Path

MEGABYTE = 1024 * 1024


def resident_bytes(pid: int) -> int:
    """Bytes of memory that a process has resident now (VmRSS)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)
