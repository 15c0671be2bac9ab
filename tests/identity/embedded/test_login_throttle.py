"""LoginThrottle: the delay of a login after failed ones."""

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
    """Fail `count` times; return the delay after each."""
    delays = []
    for _ in range(count):
        throttle.record_failure(key)
        delays.append(throttle.delay(key))
    return delays


def test_delay_grows_with_failures_up_to_the_bound() -> None:
    delays = failed_often(LoginThrottle(ManualClock()), b"demo", 50)
    assert 0 < delays[2] < delays[3] < delays[4]
    assert max(delays) == MAX_DELAY


def test_two_failures_cause_no_delay() -> None:
    assert failed_often(LoginThrottle(ManualClock()), b"demo", 2) == [0, 0]


def test_delay_begins_with_the_last_failure() -> None:
    clock = ManualClock()
    throttle = LoginThrottle(clock)
    failed_often(throttle, b"demo", 20)
    clock.now += MAX_DELAY / 2
    assert throttle.delay(b"demo") == MAX_DELAY / 2
    clock.now += MAX_DELAY
    assert throttle.delay(b"demo") == 0


def test_failures_of_one_key_do_not_delay_others() -> None:
    throttle = LoginThrottle(ManualClock())
    failed_often(throttle, b"demo", 20)
    assert throttle.delay(b"alt") == 0


def test_failures_are_forgotten_after_a_success_and_after_a_while() -> None:
    clock = ManualClock()
    throttle = LoginThrottle(clock)
    failed_often(throttle, b"demo", 20)
    throttle.reset(b"demo")
    assert failed_often(throttle, b"demo", 2) == [0, 0]
    failed_often(throttle, b"demo", 20)
    clock.now += FORGET_SECONDS + 1
    assert failed_often(throttle, b"demo", 2) == [0, 0]


def test_number_of_keys_is_bounded() -> None:
    throttle = LoginThrottle(ManualClock())
    failed_often(throttle, digest("demo"), 20)
    for number in range(MAX_KEYS):
        throttle.record_failure(digest(f"user-{number}"))
    assert throttle.failures(digest("demo")) == 0  # newer names have replaced it
    assert len(throttle._failures) == MAX_KEYS  # noqa: SLF001  its size has no public view


def test_delay_is_within_the_bound_for_any_number_of_failures() -> None:
    assert all(0 <= delay_after(count) <= MAX_DELAY for count in (0, 3, 4, 100, 10**9))


def test_digest_is_short_and_depends_on_where_parts_end() -> None:
    several = {digest("ab", "c"), digest("a", "bc"), digest("abc"), digest("abc", None)}
    assert len(several) == 4
    assert len(digest("x" * 1_000_000, "\ud800")) == KEY_BYTES


def test_addresses_of_one_ipv6_network_count_as_one_client() -> None:
    assert client_network("2001:db8:1:2:3::4") == client_network("2001:db8:1:2::9%eth0")
    assert client_network("2001:db8:1:2::9") != client_network("2001:db8:1:3::9")
    assert (
        client_network("::ffff:192.0.2.1")
        == client_network("192.0.2.1")
        != client_network("192.0.2.2")
    )
    assert client_network("-") == "-"
