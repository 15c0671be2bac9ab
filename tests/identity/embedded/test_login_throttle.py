"""How long a login is delayed by the failures before it."""

from glimpse.identity.embedded.login_throttle import (
    FORGET_SECONDS,
    KEY_BYTES,
    MAX_DELAY,
    MAX_KEYS,
    LoginThrottle,
    client_network,
    delay_after,
    digest,
)
from tests.identity.clock import ManualClock


def failed_often(throttle: LoginThrottle, key: bytes, count: int) -> list[float]:
    """The delay after each of `count` failures."""
    delays = []
    for _ in range(count):
        throttle.record_failure(key)
        delays.append(throttle.delay(key))
    return delays


def test_failures_wait_longer_and_longer_but_never_longer_than_the_bound() -> None:
    delays = failed_often(LoginThrottle(ManualClock()), b"demo", 50)
    assert 0 < delays[2] < delays[3] < delays[4]
    assert max(delays) == MAX_DELAY


def test_a_user_who_mistypes_twice_waits_for_nothing() -> None:
    assert failed_often(LoginThrottle(ManualClock()), b"demo", 2) == [0, 0]


def test_a_delay_counts_from_the_last_failure() -> None:
    clock = ManualClock()
    throttle = LoginThrottle(clock)
    failed_often(throttle, b"demo", 20)
    clock.now += MAX_DELAY / 2
    assert throttle.delay(b"demo") == MAX_DELAY / 2
    clock.now += MAX_DELAY
    assert throttle.delay(b"demo") == 0


def test_others_do_not_wait() -> None:
    throttle = LoginThrottle(ManualClock())
    failed_often(throttle, b"demo", 20)
    assert throttle.delay(b"alt") == 0


def test_success_and_time_forget_failures() -> None:
    clock = ManualClock()
    throttle = LoginThrottle(clock)
    failed_often(throttle, b"demo", 20)
    throttle.reset(b"demo")
    assert failed_often(throttle, b"demo", 2) == [0, 0]
    failed_often(throttle, b"demo", 20)
    clock.now += FORGET_SECONDS + 1
    assert failed_often(throttle, b"demo", 2) == [0, 0]


def test_memory_is_bounded_however_many_names_are_tried() -> None:
    throttle = LoginThrottle(ManualClock())
    failed_often(throttle, digest("demo"), 20)
    for number in range(MAX_KEYS):
        throttle.record_failure(digest(f"user-{number}"))
    assert throttle.failures(digest("demo")) == 0  # long pushed out by newer names
    assert len(throttle._failures) == MAX_KEYS  # noqa: SLF001


def test_any_number_of_failures_has_a_delay_within_the_bound() -> None:
    assert all(0 <= delay_after(count) <= MAX_DELAY for count in (0, 3, 4, 100, 10**9))


def test_a_digest_is_short_and_tells_parts_from_each_other() -> None:
    several = {digest("ab", "c"), digest("a", "bc"), digest("abc"), digest("abc", None)}
    assert len(several) == 4
    assert len(digest("x" * 1_000_000, "\ud800")) == KEY_BYTES


def test_a_client_is_the_same_wherever_in_its_ipv6_network_it_calls_from() -> None:
    assert client_network("2001:db8:1:2:3::4") == client_network("2001:db8:1:2::9%eth0")
    assert client_network("2001:db8:1:2::9") != client_network("2001:db8:1:3::9")
    assert (
        client_network("::ffff:192.0.2.1")
        == client_network("192.0.2.1")
        != client_network("192.0.2.2")
    )
    assert client_network("-") == "-"
