"""How long a write counts as recent."""

from glimpse.glance_database.recent_writes import RecentWrites


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _times() -> "memoryview[float]":
    return memoryview(bytearray(8 * 4096)).cast("d")


def _older_than(
    seconds: float, clock: Clock, times: "memoryview[float] | None" = None
) -> RecentWrites:
    """Return writes of the last two seconds, made `seconds` ago."""
    writes = RecentWrites(2.0, _times() if times is None else times, clock)
    clock.now += seconds
    return writes


def test_a_write_is_recent_until_it_is_too_old() -> None:
    clock = Clock()
    writes = _older_than(10.0, clock)
    assert not writes.has("image")
    assert not writes.has_any()
    writes.record("image")
    clock.now += 2.0
    assert writes.has("image")
    assert writes.has_any()
    assert not writes.has("another image")
    clock.now += 0.1
    assert not writes.has("image")
    assert not writes.has_any()


def test_the_case_of_an_id_does_not_count() -> None:
    writes = _older_than(10.0, Clock())
    writes.record("aBc")
    assert writes.has("AbC")


def test_an_id_may_be_any_text() -> None:
    writes = _older_than(10.0, Clock())
    for image_id in ("", "\0", "\ud800", "x" * 1000, "é"):
        writes.record(image_id)
        assert writes.has(image_id)


def test_at_first_everything_may_have_been_written() -> None:
    """By a process that was there before, whose memory is lost."""
    clock = Clock()
    writes = _older_than(0.0, clock)
    assert writes.has("image")
    clock.now += 1.9
    assert writes.has_any()
    clock.now += 0.2
    assert not writes.has("image")


def test_a_later_time_is_kept_if_a_suspended_process_records_an_older_one() -> None:
    times, clock = _times(), Clock()
    writes = _older_than(10.0, clock, times)
    readings = iter([110.0, 113.0, 113.0, 113.0, 113.0, 113.0])  # suspended after the first
    suspended = RecentWrites(2.0, times, clock=lambda: next(readings, 113.0))
    suspended.record("image")
    clock.now = 114.9
    assert writes.has("image")
