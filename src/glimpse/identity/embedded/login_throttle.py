"""LoginThrottle: delays logins by the number of failures before them."""

import hashlib
import secrets
import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

from glimpse.caching.lru_cache import LruCache

FREE_FAILURES = 3
FIRST_DELAY = 0.1  # seconds, doubled with every further failure
MAX_DELAY = 1.0  # seconds: with the hash after it, a right login takes less than 2 s
FORGET_SECONDS = 300.0  # without a failure, after which the earlier ones do not count
MAX_KEYS = 10_000  # of KEY_BYTES each: some 2.5 MB in all
KEY_BYTES = 16
_NETWORK_BITS = 64  # of an IPv6 address: what a provider gives to one customer
_SECRET = secrets.token_bytes(32)


def digest(*parts: str | None) -> bytes:
    """Return a hash of `parts`, of KEY_BYTES; it has another value in each process."""
    made = hashlib.blake2b(key=_SECRET, digest_size=KEY_BYTES)
    for part in parts:
        content = b"-" if part is None else b"+" + part.encode(errors="surrogatepass")
        made.update(b"%d:%b" % (len(content), content))
    return made.digest()


def client_network(address: str) -> str:
    """Return the network by which clients are counted: an IPv4 address, or an IPv6 /64.

    A text that is not an IP address is returned unchanged.
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
    """Counts the failures of keys, made by `digest`, and delays their next attempts.

    No key is locked out. Beyond MAX_KEYS, the keys that failed longest ago are dropped. `clock`
    returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: LruCache[bytes, tuple[int, float]] = LruCache(MAX_KEYS)

    def failures(self, key: bytes) -> int:
        """Return the number of failures of `key`, 0 after FORGET_SECONDS without one."""
        count, last = self._failures.peek(key) or (0, 0.0)
        return count if self._clock() - last <= FORGET_SECONDS else 0

    def delay(self, key: bytes) -> float:
        """Return the seconds until the next attempt of `key` may be checked."""
        _, last = self._failures.peek(key) or (0, 0.0)
        return max(0.0, last + delay_after(self.failures(key)) - self._clock())

    def record_failure(self, key: bytes) -> None:
        """Count a failure of `key`."""
        self._failures.put(key, (self.failures(key) + 1, self._clock()))

    def reset(self, key: bytes) -> None:
        """Set the number of failures of `key` to 0."""
        self._failures.discard(key)


def delay_after(failures: int) -> float:
    """Return the seconds between the last of so many failures and the next attempt."""
    if failures < FREE_FAILURES:
        return 0.0
    return float(min(MAX_DELAY, FIRST_DELAY * 2 ** min(failures - FREE_FAILURES, 16)))
