"""ResponseMemory: reservations are granted in order and within the total."""

from glimpse.upstream.response_memory import ResponseMemory


def test_reservations_are_granted_in_order_as_bytes_are_released() -> None:
    memory, granted = ResponseMemory(100), list[str]()
    assert memory.reserve(60, lambda: granted.append("first")) is None
    large = memory.reserve(60, lambda: granted.append("large"))
    small = memory.reserve(10, lambda: granted.append("small"))
    assert large is not None
    assert small is not None, "a later reservation passed an earlier one"
    memory.release(60)
    assert granted == ["large", "small"]


def test_cancelled_reservation_lets_the_next_one_pass() -> None:
    memory, granted = ResponseMemory(100), list[str]()
    memory.reserve(60, lambda: None)
    large = memory.reserve(60, lambda: granted.append("large"))
    memory.reserve(10, lambda: granted.append("small"))
    assert large is not None
    memory.cancel(large)
    assert granted == ["small"]


def test_reservation_above_the_total_takes_all_of_it() -> None:
    memory = ResponseMemory(100)
    assert memory.reserve(1000, lambda: None) is None
    assert memory.reserve(1, lambda: None) is not None
    memory.release(1000)
    assert memory.reserve(99, lambda: None) is None
