"""LoginHistory: recent successes, failures and refusals of logins, and ranks made of them."""

from glimpse.caching.lru_cache import LruCache
from glimpse.identity.embedded.login_throttle import FREE_FAILURES, LoginThrottle

_MAX_SUCCESSES = 5000  # keys that logged in: 0.5 MB
_MANY_FAILURES = 2


class LoginHistory:
    """Records how recent checks of passwords ended, by key and address (see Attempt).

    `throttle` counts the failures, that is wrong passwords. A refusal is a check that LoginQueue
    did not run since it was full.
    """

    def __init__(self, throttle: LoginThrottle) -> None:
        self._throttle = throttle
        self._refusals = LoginThrottle()
        self._successes: LruCache[bytes, bool] = LruCache(_MAX_SUCCESSES)

    def record_success(self, key: bytes) -> None:
        """Record a correct login; forget the failures and refusals of `key`, not of its address."""
        self._throttle.reset(key)
        self._refusals.reset(key)
        self._successes.put(key, value=True)

    def record_failure(self, key: bytes, address: bytes) -> None:
        """Count a wrong password, for `key` and for `address`.

        The next check of `key` is delayed once there are FREE_FAILURES of them. Those of `address`
        count for `rank` and `has_many_failures` only.
        """
        self._throttle.record_failure(key)
        self._throttle.record_failure(address)

    def record_refusal(self, key: bytes, address: bytes) -> None:
        """Record a check that was refused: `rank` may grow, `delay` does not."""
        self._refusals.record_failure(key)
        self._refusals.record_failure(address)

    def delay(self, key: bytes) -> float:
        """Return the seconds until the next check of `key` may start; 0 if it may now."""
        return self._throttle.delay(key)

    def has_many_failures(self, key: bytes, address: bytes) -> bool:
        """Return True if `key` or `address` has more than FREE_FAILURES recent failures.

        Recent are those that LoginThrottle has not forgotten. Refusals do not count.
        """
        return max(map(self._throttle.failures, (key, address))) > FREE_FAILURES

    def rank(self, key: bytes, address: bytes) -> tuple[int, int]:
        """Return the failure levels of `key` and `address`. Lower ranks are served first.

        A level is 0 for no failures and refusals, 1 for up to FREE_FAILURES of them, 2 for more.
        The rank is (-1, 0), the first one, for a key that logged in before, and that has not had
        more than FREE_FAILURES failures since.
        """
        if self._successes.peek(key) and self._throttle.failures(key) <= FREE_FAILURES:
            return -1, 0
        return self._failure_level(key), self._failure_level(address)

    def _failure_level(self, key: bytes) -> int:
        """Return the level of `key`, a key or an address: 0, 1 or 2 (see `rank`)."""
        count = self._throttle.failures(key) + self._refusals.failures(key)
        return _MANY_FAILURES if count > FREE_FAILURES else min(count, 1)
