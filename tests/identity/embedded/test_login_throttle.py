from glimpse.identity.embedded.login_throttle import (
    FORGOTTEN_AFTER,
    KEY_BYTES,
    LONGEST_DELAY,
    MOST_KEYS,
    Throttle,
    client_site,
    delay_after,
    digest,
)


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def failed_often(throttle: Throttle, key: bytes, count: int) -> list[float]:
    """The delay after each of `count` failures."""
    delays = []
    for _ in range(count):
        throttle.failed(key)
        delays.append(throttle.delay(key))
    return delays


def test_failures_wait_longer_and_longer_but_never_longer_than_the_bound() -> None:
    delays = failed_often(Throttle(Clock()), b"demo", 50)
    assert 0 < delays[2] < delays[3] < delays[4]
    assert max(delays) == LONGEST_DELAY


def test_a_user_who_mistypes_twice_waits_for_nothing() -> None:
    assert failed_often(Throttle(Clock()), b"demo", 2) == [0, 0]


def test_a_delay_counts_from_the_last_failure() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    failed_often(throttle, b"demo", 20)
    clock.now += LONGEST_DELAY / 2
    assert throttle.delay(b"demo") == LONGEST_DELAY / 2
    clock.now += LONGEST_DELAY
    assert throttle.delay(b"demo") == 0


def test_others_do_not_wait() -> None:
    throttle = Throttle(Clock())
    failed_often(throttle, b"demo", 20)
    assert throttle.delay(b"alt") == 0


def test_success_and_time_forget_failures() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    failed_often(throttle, b"demo", 20)
    throttle.succeeded(b"demo")
    assert failed_often(throttle, b"demo", 2) == [0, 0]
    failed_often(throttle, b"demo", 20)
    clock.now += FORGOTTEN_AFTER + 1
    assert failed_often(throttle, b"demo", 2) == [0, 0]


def test_memory_is_bounded_however_many_names_are_tried() -> None:
    throttle = Throttle(Clock())
    failed_often(throttle, digest("demo"), 20)
    for number in range(MOST_KEYS):
        throttle.failed(digest(f"user-{number}"))
    assert throttle.failures(digest("demo")) == 0  # long pushed out by newer names
    assert len(throttle._failures) == MOST_KEYS  # noqa: SLF001


def test_any_number_of_failures_has_a_delay_within_the_bound() -> None:
    assert all(0 <= delay_after(count) <= LONGEST_DELAY for count in (0, 3, 4, 100, 10**9))


def test_a_digest_is_short_and_tells_parts_from_each_other() -> None:
    several = {digest("ab", "c"), digest("a", "bc"), digest("abc"), digest("abc", None)}
    assert len(several) == 4
    assert len(digest("x" * 1_000_000, "\ud800")) == KEY_BYTES


def test_a_client_is_the_same_wherever_in_its_ipv6_network_it_calls_from() -> None:
    assert client_site("2001:db8:1:2:3::4") == client_site("2001:db8:1:2::9%eth0")
    assert client_site("2001:db8:1:2::9") != client_site("2001:db8:1:3::9")
    assert client_site("::ffff:192.0.2.1") == client_site("192.0.2.1") != client_site("192.0.2.2")
    assert client_site("-") == "-"
