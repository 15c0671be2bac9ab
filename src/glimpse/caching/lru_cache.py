"""LruCache: a least-recently-used cache, bounded in number of entries and in bytes."""

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
    """At most `max_entries` entries of at most `max_bytes` together.

    Beyond either bound, the least recently used entries are dropped. cachetools' LRUCache has only
    one bound, and its look-up, which each request makes, takes more than twice as long.
    """

    def __init__(self, max_entries: int, max_bytes: float = math.inf) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._entries: OrderedDict[Key, _Entry[Value]] = OrderedDict()
        self.total_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        """Return the value of `key`, now the most recently used, or None."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry.value

    def peek(self, key: Key) -> Value | None:
        """Return the value of `key`, or None, without counting it as used."""
        entry = self._entries.get(key)
        return None if entry is None else entry.value

    def put(self, key: Key, value: Value, size: int = 0) -> None:
        """Set the value of `key`, which takes `size` bytes.

        Drops the least recently used entries beyond the bounds.
        """
        self.discard(key)
        self._entries[key] = _Entry(value, size)
        self.total_bytes += size
        while len(self._entries) > self._max_entries or self.total_bytes > self._max_bytes:
            self.discard(next(iter(self._entries)))

    def discard(self, key: Key) -> None:
        """Drop `key` if it is there."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.total_bytes -= entry.size

    def clear(self) -> None:
        """Drop all entries."""
        self._entries.clear()
        self.total_bytes = 0
