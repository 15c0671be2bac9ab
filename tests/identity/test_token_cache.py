"""What is remembered of tokens: for how long, how many, and under which name."""

from glimpse.identity.keystone import cache
from glimpse.identity.keystone.cache import TokenCache, Validated, cache_key
from glimpse.images import Caller

CALLER = Caller("u", "p")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_token_is_believed_for_the_lifetime_and_never_past_its_end() -> None:
    clock = Clock()
    known = TokenCache(300, clock)
    known.put("long", Validated(CALLER, expires_at=9000.0, validated_at=1000.0))
    known.put("short", Validated(CALLER, expires_at=1100.0, validated_at=1000.0))
    known.put("seen long ago", Validated(CALLER, expires_at=9000.0, validated_at=600.0))
    assert known.get("seen long ago") is None
    clock.now = 1099.9
    assert known.get("short")
    clock.now = 1100.0
    assert known.get("short") is None
    clock.now = 1299.9
    assert known.get("long")
    clock.now = 1300.0
    assert known.get("long") is None


def test_without_a_lifetime_nothing_is_remembered() -> None:
    known = TokenCache(-1, Clock())
    known.put("token", Validated(CALLER, expires_at=9000.0, validated_at=1000.0))
    assert known.get("token") is None


def test_of_too_many_those_used_last_stay() -> None:
    most = cache._MOST_TOKENS  # noqa: SLF001  one more than that is a lot to wait for
    known = TokenCache(300, Clock())
    for number in range(most):
        known.put(str(number), Validated(CALLER, 9000.0, 1000.0))
    assert known.get("0")
    for number in range(most, most + 10):
        known.put(str(number), Validated(CALLER, 9000.0, 1000.0))
    assert known.get("0")
    assert [known.get(str(number)) for number in range(1, 11)] == [None] * 10
    assert known.get("11")


def test_a_key_does_not_tell_the_token() -> None:
    assert "secret" not in cache_key("secret")
    assert cache_key("secret") != cache_key("other")
    assert cache_key("\ud800")
