"""Throttle: how often keys of logins failed lately, and how long each has to wait for it."""

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

FREE_FAILURES = 3
FIRST_DELAY = 0.1  # seconds, doubled with every further failure
LONGEST_DELAY = 1.0  # seconds: with a hash after it, a right login takes less than 2 s
FORGOTTEN_AFTER = 300.0  # seconds without a failure
MOST_KEYS = 10_000  # of KEY_BYTES each: some 2.5 MB in all
KEY_BYTES = 16
_SITE_BITS = 64  # of an IPv6 address: what a provider gives to one customer
_SECRET = secrets.token_bytes(32)


def digest(*parts: str | None) -> bytes:
    """Return KEY_BYTES that stand for `parts` in this process, however long they are."""
    made = hashlib.blake2b(key=_SECRET, digest_size=KEY_BYTES)
    for part in parts:
        content = b"-" if part is None else b"+" + part.encode(errors="surrogatepass")
        made.update(b"%d:%b" % (len(content), content))
    return made.digest()


def client_site(address: str) -> str:
    """Return what a client may change of its address left out: the /64 network for IPv6."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, _SITE_BITS), strict=False))
    return str(parsed)


class Throttle:
    """Counts failures by key (see `digest`) and spaces out the attempts of a key that fails.

    Keys that failed longest ago are forgotten first. No key is ever locked out.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._failures: OrderedDict[bytes, tuple[int, float]] = OrderedDict()

    def failures(self, key: bytes) -> int:
        """Return how often `key` failed, 0 after FORGOTTEN_AFTER seconds without a failure."""
        count, last = self._failures.get(key, (0, 0.0))
        return count if self._clock() - last <= FORGOTTEN_AFTER else 0

    def delay(self, key: bytes) -> float:
        """Return the seconds until the next attempt of `key` may be checked."""
        _, last = self._failures.get(key, (0, 0.0))
        return max(0.0, last + delay_after(self.failures(key)) - self._clock())

    def failed(self, key: bytes) -> None:
        """Count a failure of `key`."""
        count = self.failures(key) + 1
        self._failures[key] = (count, self._clock())
        self._failures.move_to_end(key)
        while len(self._failures) > MOST_KEYS:
            self._failures.popitem(last=False)

    def succeeded(self, key: bytes) -> None:
        """Forget the failures of `key`."""
        self._failures.pop(key, None)


def delay_after(failures: int) -> float:
    """Return the seconds between the last of so many failures and the next attempt."""
    if failures < FREE_FAILURES:
        return 0.0
    return float(min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(failures - FREE_FAILURES, 16)))
