"""ResponseMemory: reservations are granted in order and within the total."""

from glimpse.upstream.response_memory import ResponseMemory


def test_reservations_are_granted_in_order_as_bytes_are_released() -> None:
    budget, granted = ResponseMemory(100), list[str]()
    assert budget.reserve(60, lambda: granted.append("first")) is None
    large = budget.reserve(60, lambda: granted.append("large"))
    small = budget.reserve(10, lambda: granted.append("small"))
    assert large is not None
    assert small is not None, "a later reservation passed an earlier one"
    budget.release(60)
    assert granted == ["large", "small"]


def test_cancelled_reservation_lets_the_next_one_pass() -> None:
    budget, granted = ResponseMemory(100), list[str]()
    budget.reserve(60, lambda: None)
    large = budget.reserve(60, lambda: granted.append("large"))
    budget.reserve(10, lambda: granted.append("small"))
    assert large is not None
    budget.cancel(large)
    assert granted == ["small"]


def test_reservation_above_the_total_takes_all_of_it() -> None:
    budget = ResponseMemory(100)
    assert budget.reserve(1000, lambda: None) is None
    assert budget.reserve(1, lambda: None) is not None
    budget.release(1000)
    assert budget.reserve(99, lambda: None) is None
