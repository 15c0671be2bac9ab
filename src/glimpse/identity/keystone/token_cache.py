"""Caches of tokens in one process: TokenCache for valid, RefusedTokens for refused tokens."""

import hashlib
import time
from collections.abc import Callable
from typing import NamedTuple

from glimpse.caching.lru_cache import LruCache
from glimpse.identity.access_rules import AccessRule
from glimpse.images import Caller

MAX_TOKENS = 10_000
MAX_BYTES = 32 * 1024 * 1024  # of all entries; the entry of a token with twelve roles takes 2,000
MAX_ENTRY_BYTES = 256 * 1024  # a larger entry is not cached: each request validates its token
# Short: a Keystone server may refuse a token that another server has just issued.
_REFUSED_SECONDS = 5.0
_STRING_BYTES = 80  # bytes of a string without its characters; each character counts as 2 bytes


class ValidatedToken(NamedTuple):
    """The caller, expiry and access rules of a valid token. Times are POSIX times.

    ``caller.token`` is empty, so that caches hold no tokens. If ``access_rules`` is None, the token
    may be used for all requests; otherwise only for requests that one of ``access_rules`` allows.
    """

    caller: Caller
    expires_at: float
    validated_at: float
    access_rules: tuple[AccessRule, ...] | None = None


class _Entry(NamedTuple):
    token: ValidatedToken
    valid_until: float


class TokenCache:
    """A cache of valid tokens, each for at most `lifetime` seconds after its validation.

    No token is cached after it expires. The key of a token is its `cache_key`. If there are more
    than MAX_TOKENS tokens, or if the tokens take more than MAX_BYTES, the least recently used
    tokens are removed. With a `lifetime` of 0 or less, no token is cached. `clock` returns POSIX
    times.
    """

    def __init__(self, lifetime: float, clock: Callable[[], float] = time.time) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._entries: LruCache[str, _Entry] = LruCache(MAX_TOKENS, MAX_BYTES)

    def get(self, key: str) -> ValidatedToken | None:
        """Return the cached token whose `cache_key` is `key`, or None.

        Returns None if the token is not cached, has expired, or was validated at least `lifetime`
        seconds ago. A token that is returned counts as used.
        """
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.valid_until <= self._clock():
            self._entries.discard(key)
            return None
        return entry.token

    def put(self, key: str, token: ValidatedToken) -> None:
        """Cache `token` for `lifetime` seconds after its validation, but not after it expires.

        `key` is the `cache_key` of the token. Does nothing if the token has expired, was validated
        at least `lifetime` seconds ago, or takes more than MAX_ENTRY_BYTES.
        """
        valid_until = min(token.validated_at + self._lifetime, token.expires_at)
        size = _estimate_bytes(token)
        if valid_until > self._clock() and size <= MAX_ENTRY_BYTES:
            self._entries.put(key, _Entry(token, valid_until), size)


class RefusedTokens:
    """Tokens that Keystone refused recently, and that need not be sent to Keystone again.

    A member is a pair: the `cache_key` of the token, and True if the token was allowed to have
    expired. A pair is a member for five seconds, or for `lifetime` seconds if `lifetime` is
    shorter. With a `lifetime` of 0 or less, nothing is added. If there are more than MAX_TOKENS
    members, the oldest are removed. `clock` returns seconds.
    """

    def __init__(self, lifetime: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = min(_REFUSED_SECONDS, lifetime)
        self._clock = clock
        self._refused_until: LruCache[tuple[str, bool], float] = LruCache(MAX_TOKENS)

    def __contains__(self, refused: tuple[str, bool]) -> bool:
        """Return True if the pair `refused` was added in the last five seconds.

        If `lifetime` is shorter than five seconds, the limit is `lifetime`.
        """
        return (self._refused_until.peek(refused) or 0.0) > self._clock()

    def add(self, refused: tuple[str, bool]) -> None:
        """Remember a token that Keystone has just refused.

        `refused` is a pair: the `cache_key` of the token, and True if the token was allowed to have
        expired. Does nothing with a `lifetime` of 0 or less.
        """
        if self._seconds > 0:
            self._refused_until.put(refused, self._clock() + self._seconds)


def _estimate_bytes(token: ValidatedToken) -> int:
    """Estimate how many bytes of memory `token` takes in the cache."""
    caller = token.caller
    texts = [caller.user_id, caller.project_id, caller.user_name, caller.project_name]
    texts += [caller.user_domain_id, caller.project_domain_id, *caller.roles]
    for rule in token.access_rules or ():
        texts += rule
    return 500 + sum(_STRING_BYTES + 2 * len(text) for text in texts if text)


def cache_key(token: str) -> str:
    """Return the key of `token` in the caches: a hash, so that the caches hold no tokens."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
