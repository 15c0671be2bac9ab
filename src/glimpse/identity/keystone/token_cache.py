"""What Keystone said about tokens lately, kept by a hash of the token."""

import hashlib
import time
from collections.abc import Callable
from typing import NamedTuple

from glimpse.identity.access_rules import AccessRule
from glimpse.identity.lru_cache import LruCache
from glimpse.images import Caller

MAX_TOKENS = 10_000
MAX_BYTES = 32 * 1024 * 1024  # of all entries; one of a token with a dozen roles takes 2,000
MAX_ENTRY_BYTES = 256 * 1024  # a larger one is not kept: each request validates that token
# Short, since Keystone may not know a token yet that another of its servers has just issued.
_REFUSED_SECONDS = 5.0
_STRING_BYTES = 80  # of memory beside the characters, each of which is counted as 2 bytes


class ValidatedToken(NamedTuple):
    """Keystone's description of a token. Times are POSIX times.

    `caller` does not have the token. With `access_rules` the token is good only for the requests
    that they allow; None stands for no restriction.
    """

    caller: Caller
    expires_at: float
    validated_at: float
    access_rules: tuple[AccessRule, ...] | None = None


class _Entry(NamedTuple):
    token: ValidatedToken
    valid_until: float


class TokenCache:
    """Validated tokens, each for at most `lifetime` seconds after its validation.

    Bounded by MAX_TOKENS and MAX_BYTES: beyond them the least recently used are dropped. A
    `lifetime` of 0 or less keeps nothing. `clock` gives POSIX times.
    """

    def __init__(self, lifetime: float, clock: Callable[[], float] = time.time) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._entries: LruCache[str, _Entry] = LruCache(MAX_TOKENS, MAX_BYTES)

    def get(self, key: str) -> ValidatedToken | None:
        """Return the token put under `key`, or None if there is none or its time is over."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.valid_until <= self._clock():
            self._entries.discard(key)
            return None
        return entry.token

    def put(self, key: str, token: ValidatedToken) -> None:
        """Keep `token` until its lifetime here is over or it expires, whichever comes first."""
        valid_until = min(token.validated_at + self._lifetime, token.expires_at)
        size = _estimate_bytes(token)
        if valid_until > self._clock() and size <= MAX_ENTRY_BYTES:
            self._entries.put(key, _Entry(token, valid_until), size)


class RefusedTokens:
    """Tokens that Keystone refused just now: repeating one does not reach Keystone each time.

    A member is a cache key, and whether expired tokens were allowed in that validation. It is kept
    for five seconds, or `lifetime` seconds if that is shorter; of more than MAX_TOKENS members,
    which take 3 MB, the oldest are dropped. `clock` gives seconds.
    """

    def __init__(self, lifetime: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = min(_REFUSED_SECONDS, lifetime)
        self._clock = clock
        self._refused_until: LruCache[tuple[str, bool], float] = LruCache(MAX_TOKENS)

    def __contains__(self, refused: tuple[str, bool]) -> bool:
        return (self._refused_until.peek(refused) or 0.0) > self._clock()

    def add(self, refused: tuple[str, bool]) -> None:
        """Make the validation `refused` a member."""
        if self._seconds > 0:
            self._refused_until.put(refused, self._clock() + self._seconds)


def _estimate_bytes(token: ValidatedToken) -> int:
    caller = token.caller
    texts = [caller.user_id, caller.project_id, caller.user_name, caller.project_name]
    texts += [caller.user_domain_id, caller.project_domain_id, *caller.roles]
    for rule in token.access_rules or ():
        texts += rule
    return 500 + sum(_STRING_BYTES + 2 * len(text) for text in texts if text)


def cache_key(token: str) -> str:
    """Return the hash that stands for `token` in the caches, which keep no token."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
