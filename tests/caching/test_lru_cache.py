"""LruCache: which entries are dropped, and the limit of bytes."""

from glimpse.caching.lru_cache import LruCache


def cache_of_two() -> LruCache[str, int]:
    """Return a full cache with the entries "a" and "b", of which "b" is the more recent."""
    cache: LruCache[str, int] = LruCache(max_entries=2)
    cache.put("a", 1)
    cache.put("b", 2)
    return cache


def test_least_recently_used_entry_is_dropped_first() -> None:
    cache = cache_of_two()
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert [cache.peek(key) for key in "abc"] == [1, None, 3]
    assert len(cache) == 2


def test_peek_does_not_count_as_use() -> None:
    cache = cache_of_two()
    assert cache.peek("a") == 1
    cache.put("c", 3)
    assert cache.peek("a") is None


def test_bytes_are_bounded_and_counted_once_for_a_key() -> None:
    cache: LruCache[str, int] = LruCache(max_entries=100, max_bytes=100)
    for _ in range(5):
        cache.put("a", 1, size=30)
    assert cache.total_bytes == 30
    for key in "bcd":
        cache.put(key, 1, size=30)
    assert [cache.peek(key) for key in "abcd"] == [None, 1, 1, 1]
    assert cache.total_bytes == 90
    cache.put("too large", 1, size=101)
    assert (len(cache), cache.total_bytes) == (0, 0)


def test_discard_and_clear_free_bytes() -> None:
    cache: LruCache[str, int] = LruCache(max_entries=100, max_bytes=100)
    cache.put("a", 1, size=30)
    cache.put("b", 1, size=30)
    cache.discard("a")
    cache.discard("never there")
    assert (len(cache), cache.total_bytes) == (1, 30)
    cache.clear()
    assert (len(cache), cache.total_bytes) == (0, 0)
