"""Settings of glibc's malloc for a process that serves for months.

Each function does nothing on other C libraries.
"""

import contextlib
import ctypes

# malloc.h
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8

# Bytes: larger blocks are returned to the system when they are freed. By default glibc raises this
# to 16 MiB and more after the first hash of a password has used as much, and then keeps that.
_LARGE_BLOCK = 4 * 1024 * 1024
_ARENAS = 2  # of eight for each core by default; each keeps what its threads freed

_LIBC = ctypes.CDLL(None)


def return_large_blocks() -> None:
    """Have malloc return large blocks to the system as soon as they are freed.

    Call it before threads start. A worker takes 16 MB less at rest.
    """
    with contextlib.suppress(AttributeError):
        _LIBC.mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK)
        _LIBC.mallopt(_M_ARENA_MAX, _ARENAS)


def return_free_pages() -> None:
    """Return the free pages of the heap to the system; takes less than a millisecond.

    Between blocks in use, the heap keeps them otherwise, and grows for hours under mixed load.
    """
    with contextlib.suppress(AttributeError):
        _LIBC.malloc_trim(0)
