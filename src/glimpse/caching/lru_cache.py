"""LruCache: a least-recently-used cache with a maximum number of entries and of bytes."""

import math
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class _Entry(NamedTuple, Generic[Value]):
    value: Value
    size: int


class LruCache(Generic[Key, Value]):
    """A cache of at most `max_entries` entries, which together take at most `max_bytes`.

    If either bound is exceeded, the least recently used entries are removed. ``total_bytes`` is the
    sum of the sizes that callers passed to `put`. Only one thread may use the cache.

    cachetools' LRUCache has only one bound, and its look-up takes more than twice as long.
    """

    def __init__(self, max_entries: int, max_bytes: float = math.inf) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._entries: OrderedDict[Key, _Entry[Value]] = OrderedDict()
        self.total_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        """Return the value of `key`, and mark `key` as the most recently used; None if missing."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry.value

    def peek(self, key: Key) -> Value | None:
        """Return the value of `key` without counting this as a use; None if `key` is missing."""
        entry = self._entries.get(key)
        return None if entry is None else entry.value

    def put(self, key: Key, value: Value, size: int = 0) -> None:
        """Add `key`, or replace its value and size, and mark `key` as the most recently used.

        `size` is the number of bytes to count for the entry. If a bound is exceeded, the least
        recently used entries are removed until both bounds hold. If `size` is larger than
        `max_bytes`, all entries are removed, also the new entry.
        """
        self.discard(key)
        self._entries[key] = _Entry(value, size)
        self.total_bytes += size
        while len(self._entries) > self._max_entries or self.total_bytes > self._max_bytes:
            self.discard(next(iter(self._entries)))

    def discard(self, key: Key) -> None:
        """Remove `key`. Do nothing if `key` is missing."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.total_bytes -= entry.size

    def clear(self) -> None:
        """Remove all entries."""
        self._entries.clear()
        self.total_bytes = 0
