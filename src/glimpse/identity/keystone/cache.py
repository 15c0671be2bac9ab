"""What Keystone said of tokens, remembered for a while, by a hash so that no token is kept."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from glimpse.identity.access_rules import AccessRule
from glimpse.images import Caller

_MOST_TOKENS = 10_000


class Validated(NamedTuple):
    """A token's caller (without the token), until when it is good, and since when that is known.

    Times are POSIX times. With `rules` the token is good for what they allow, and nothing else.
    """

    caller: Caller
    expires_at: float
    validated_at: float
    rules: tuple[AccessRule, ...] | None = None


class TokenCache:
    """The `_MOST_TOKENS` tokens used last, each for at most `lifetime` seconds."""

    def __init__(self, lifetime: float, clock: Callable[[], float] = time.time) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._kept: OrderedDict[str, tuple[Validated, float]] = OrderedDict()

    def get(self, key: str) -> Validated | None:
        """What is known under `key` and still believed."""
        found = self._kept.get(key)
        if found is None:
            return None
        if found[1] <= self._clock():
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: str, validated: Validated) -> None:
        """Remember for the lifetime since it was validated, and never past the token's expiry."""
        until = min(validated.validated_at + self._lifetime, validated.expires_at)
        if until <= self._clock():
            return
        self._kept[key] = (validated, until)
        while len(self._kept) > _MOST_TOKENS:
            self._kept.popitem(last=False)


def cache_key(token: str) -> str:
    """The key a token is cached under."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
