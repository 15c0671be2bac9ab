from glimpse.identity.throttle import LONGEST_DELAY, MOST_NAMES, Throttle, delay_after


class Clock:
    """Time that passes only by waiting, and remembers the waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def __call__(self) -> float:
        return self.now


async def attempts(throttle: Throttle, name: str, count: int) -> None:
    for _ in range(count):
        await throttle.attempt(name)


async def test_failures_wait_longer_and_longer_but_never_longer_than_the_bound() -> None:
    clock = Clock()
    await attempts(Throttle(clock.sleep, clock), "demo", 50)
    assert clock.waits[0] < clock.waits[1] < clock.waits[2]
    assert max(clock.waits) == LONGEST_DELAY
    assert len(clock.waits) == 47


async def test_a_user_who_mistypes_twice_waits_for_nothing() -> None:
    clock = Clock()
    await attempts(Throttle(clock.sleep, clock), "demo", 3)
    assert clock.waits == []


async def test_others_do_not_wait() -> None:
    clock = Clock()
    throttle = Throttle(clock.sleep, clock)
    await attempts(throttle, "demo", 20)
    clock.waits.clear()
    await throttle.attempt("alt")
    assert clock.waits == []


async def test_success_and_time_forget_failures() -> None:
    clock = Clock()
    throttle = Throttle(clock.sleep, clock)
    await attempts(throttle, "demo", 20)
    throttle.succeeded("demo")
    clock.waits.clear()
    await attempts(throttle, "demo", 3)
    clock.now += 1000
    await throttle.attempt("demo")
    assert clock.waits == []


async def test_memory_is_bounded_however_many_names_are_tried() -> None:
    clock = Clock()
    throttle = Throttle(clock.sleep, clock)
    await attempts(throttle, "demo", 20)
    for number in range(MOST_NAMES):
        await throttle.attempt(f"user-{number}")
    clock.waits.clear()
    await throttle.attempt("demo")  # long pushed out by newer names
    assert clock.waits == []


def test_any_number_of_failures_has_a_delay_within_the_bound() -> None:
    assert all(0 <= delay_after(count) <= LONGEST_DELAY for count in (0, 3, 4, 100, 10**9))
