"""LoginThrottle: counts failed logins, and computes how long the next login has to wait."""

import hashlib
import secrets
import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

from glimpse.caching.lru_cache import LruCache

FREE_FAILURES = 3
FIRST_DELAY = 0.1  # seconds, doubled with every further failure
MAX_DELAY = 1.0  # seconds: with the check after it, a correct login takes less than 2 s
FORGET_SECONDS = 300.0  # without a failure for this time, earlier failures no longer count
MAX_KEYS = 10_000  # some 2.5 MB of memory
KEY_BYTES = 16
_NETWORK_BITS = 64  # of an IPv6 address: a provider gives one such network to each customer
_SECRET = secrets.token_bytes(32)


def digest(*parts: str | None) -> bytes:
    """Return a keyed hash of `parts`. The hash has KEY_BYTES bytes.

    ``digest("ab", "c")`` differs from ``digest("a", "bc")``, and None differs from an empty text.
    The key is random, and only in memory. So nobody else can compute the hash of a guessed
    password.
    """
    hasher = hashlib.blake2b(key=_SECRET, digest_size=KEY_BYTES)
    for part in parts:
        content = b"-" if part is None else b"+" + part.encode(errors="surrogatepass")
        hasher.update(b"%d:%b" % (len(content), content))
    return hasher.digest()


def client_network(address: str) -> str:
    """Return the network by which a client's logins are counted.

    For an IPv4 address, returns the address. For an IPv6 address, returns the /64 network
    (``2001:db8::1`` -> ``2001:db8::/64``). For an IPv4-mapped IPv6 address, returns the IPv4
    address. A text that is not an IP address is returned unchanged.
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, _NETWORK_BITS), strict=False))
    return str(parsed)


class LoginThrottle:
    """Counts the failed logins of each key, and computes the delay of the next login of a key.

    A key is a result of `digest`, for example of a name and a network. From the third failure on,
    the next login of the key has to wait: FIRST_DELAY after the third failure, and twice as long
    after each further failure, up to MAX_DELAY. No key is locked out. LoginQueue does the waiting.

    The failures of a key are forgotten after FORGET_SECONDS without another failure. If there are
    more than MAX_KEYS keys, the keys that failed longest ago are forgotten. `clock` returns
    seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: LruCache[bytes, tuple[int, float]] = LruCache(MAX_KEYS)

    def failures(self, key: bytes) -> int:
        """Return how many failures are counted under `key`.

        Returns 0 if the last of these failures is more than FORGET_SECONDS ago.
        """
        count, last = self._failures.peek(key) or (0, 0.0)
        return count if self._clock() - last <= FORGET_SECONDS else 0

    def delay(self, key: bytes) -> float:
        """Return in how many seconds the next login counted under `key` may start.

        Returns 0 if the login need not wait.
        """
        _, last = self._failures.peek(key) or (0, 0.0)
        return max(0.0, last + delay_after(self.failures(key)) - self._clock())

    def record_failure(self, key: bytes) -> None:
        """Count a login under `key` that fails at this moment."""
        self._failures.put(key, (self.failures(key) + 1, self._clock()))

    def reset(self, key: bytes) -> None:
        """Forget all failures that are counted under `key`."""
        self._failures.discard(key)


def delay_after(failures: int) -> float:
    """Return how many seconds a login has to wait after the last of `failures` failed logins.

    Returns 0 for fewer than FREE_FAILURES failures. For FREE_FAILURES, returns FIRST_DELAY. Each
    further failure doubles the result, up to MAX_DELAY.
    """
    if failures < FREE_FAILURES:
        return 0.0
    return float(min(MAX_DELAY, FIRST_DELAY * 2 ** min(failures - FREE_FAILURES, 16)))
