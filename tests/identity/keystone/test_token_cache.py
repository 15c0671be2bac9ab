"""TokenCache: validated and refused tokens are cached for a time, in bounded numbers."""

import pytest

from glimpse.identity.access_rules import AccessRule
from glimpse.identity.keystone import token_cache
from glimpse.identity.keystone.token_cache import (
    RefusedTokens,
    TokenCache,
    ValidatedToken,
    cache_key,
)
from glimpse.images import Caller
from tests.identity.clock import ManualClock

CALLER = Caller("u", "p")


def test_token_is_cached_for_the_lifetime_and_never_past_its_expiry() -> None:
    clock = ManualClock()
    known = TokenCache(300, clock)
    known.put("long", ValidatedToken(CALLER, expires_at=9000.0, validated_at=1000.0))
    known.put("short", ValidatedToken(CALLER, expires_at=1100.0, validated_at=1000.0))
    known.put("seen long ago", ValidatedToken(CALLER, expires_at=9000.0, validated_at=600.0))
    assert known.get("seen long ago") is None
    clock.now = 1099.9
    assert known.get("short")
    clock.now = 1100.0
    assert known.get("short") is None
    clock.now = 1299.9
    assert known.get("long")
    clock.now = 1300.0
    assert known.get("long") is None


def test_nothing_is_cached_without_a_lifetime() -> None:
    known = TokenCache(-1, ManualClock())
    known.put("token", ValidatedToken(CALLER, expires_at=9000.0, validated_at=1000.0))
    assert known.get("token") is None


def test_most_recently_used_tokens_stay() -> None:
    most = token_cache.MAX_TOKENS
    known = TokenCache(300, ManualClock())
    for number in range(most):
        known.put(str(number), ValidatedToken(CALLER, 9000.0, 1000.0))
    assert known.get("0")
    for number in range(most, most + 10):
        known.put(str(number), ValidatedToken(CALLER, 9000.0, 1000.0))
    assert known.get("0")
    assert [known.get(str(number)) for number in range(1, 11)] == [None] * 10
    assert known.get("11")


def test_cache_key_does_not_contain_the_token() -> None:
    assert "secret" not in cache_key("secret")
    assert cache_key("secret") != cache_key("other")
    assert cache_key("\ud800")


def test_cached_tokens_are_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_cache, "MAX_BYTES", 1_000_000)
    known = TokenCache(300, ManualClock())
    for number in range(100):
        known.put(str(number), ValidatedToken(Caller("u" * 10_000, "p"), 9000.0, 1000.0))
        known.put(str(number), ValidatedToken(Caller("u" * 10_000, "p"), 9000.0, 1000.0))
    kept = [number for number in range(100) if known.get(str(number))]
    assert kept == list(range(100 - len(kept), 100))
    assert 40 < len(kept) < 50
    rules = (AccessRule("compute", "GET", "/" * 200_000),)
    known.put("large", ValidatedToken(CALLER, 9000.0, 1000.0, rules))
    assert known.get("large") is None
    assert known.get("99")


def test_refusal_is_cached_for_five_seconds() -> None:
    clock = ManualClock()
    refused = RefusedTokens(300, clock)
    refused.add(("a", False))
    assert ("a", False) in refused
    assert ("a", True) not in refused, "it may be good where expired tokens are"
    clock.now += 4.9
    assert ("a", False) in refused
    clock.now += 0.1
    assert ("a", False) not in refused


def test_no_refusal_is_cached_without_a_lifetime() -> None:
    refused = RefusedTokens(-1, ManualClock())
    refused.add(("a", False))
    assert ("a", False) not in refused


def test_latest_refusals_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_cache, "MAX_TOKENS", 3)
    clock = ManualClock()
    refused = RefusedTokens(300, clock)
    for number in range(10):
        refused.add((str(number), False))
    assert [number for number in range(10) if (str(number), False) in refused] == [7, 8, 9]
