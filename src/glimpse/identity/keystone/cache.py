"""What Keystone said of tokens, remembered for a while, by a hash so that no token is kept."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from glimpse.identity.access_rules import AccessRule
from glimpse.images import Caller

_MOST_TOKENS = 10_000
_MOST_BYTES = 32 * 1024 * 1024  # of all that is known; a token with a dozen roles takes 2,000
_LARGEST = 256 * 1024  # bytes of one; it is validated anew by each request
_REFUSED_SECONDS = 5.0  # a token that Keystone does not know yet is not refused for much longer
_STRING_BYTES = 80  # of memory beside the characters, taken for 2 bytes each


class Validated(NamedTuple):
    """A token's caller (without the token), until when it is good, and since when that is known.

    Times are POSIX times. With `rules` the token is good for what they allow, and nothing else.
    """

    caller: Caller
    expires_at: float
    validated_at: float
    rules: tuple[AccessRule, ...] | None = None


class TokenCache:
    """The tokens used last, each for at most `lifetime` seconds.

    They are at most `_MOST_TOKENS`, and what is known of them takes at most `_MOST_BYTES`.
    """

    def __init__(self, lifetime: float, clock: Callable[[], float] = time.time) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._kept: OrderedDict[str, tuple[Validated, float, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: str) -> Validated | None:
        """What is known under `key` and still believed."""
        found = self._kept.get(key)
        if found is None:
            return None
        if found[1] <= self._clock():
            self._forget(key)
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: str, validated: Validated) -> None:
        """Remember for the lifetime since it was validated, and never past the token's expiry."""
        until = min(validated.validated_at + self._lifetime, validated.expires_at)
        size = _size_of(validated)
        if until <= self._clock() or size > _LARGEST:
            return
        self._forget(key)
        self._kept[key] = (validated, until, size)
        self._bytes += size
        while len(self._kept) > _MOST_TOKENS or self._bytes > _MOST_BYTES:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: str) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._bytes -= found[2]


class RefusedTokens:
    """Tokens that Keystone refused just now, so that a client that goes on with one is no load.

    Each is kept for a few seconds, by its cache key and whether expired tokens were allowed: at
    most `_MOST_TOKENS` of them, 3 MB. Without a `lifetime` of known tokens, none is.
    """

    def __init__(self, lifetime: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = min(_REFUSED_SECONDS, lifetime)
        self._clock = clock
        self._until: OrderedDict[tuple[str, bool], float] = OrderedDict()

    def __contains__(self, refused: tuple[str, bool]) -> bool:
        return self._until.get(refused, 0.0) > self._clock()

    def add(self, refused: tuple[str, bool]) -> None:
        """Remember a token as refused, for a few seconds."""
        now = self._clock()
        if self._seconds <= 0:
            return
        self._until.pop(refused, None)
        self._until[refused] = now + self._seconds
        while len(self._until) > _MOST_TOKENS or next(iter(self._until.values())) <= now:
            self._until.popitem(last=False)


def _size_of(validated: Validated) -> int:
    """About how many bytes of memory it takes."""
    caller = validated.caller
    texts = [caller.user_id, caller.project_id, caller.user_name, caller.project_name]
    texts += [caller.user_domain_id, caller.project_domain_id, *caller.roles]
    for rule in validated.rules or ():
        texts += rule
    return 500 + sum(_STRING_BYTES + 2 * len(text) for text in texts if text)


def cache_key(token: str) -> str:
    """The key a token is cached under."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
