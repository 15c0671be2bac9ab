"""LoginHistory: recent results of logins, and the ranks by which LoginQueue orders checks."""

from glimpse.caching.lru_cache import LruCache
from glimpse.identity.embedded.login_throttle import FREE_FAILURES, LoginThrottle

_MAX_SUCCESSES = 5000  # keys that logged in: 0.5 MB
_MANY_FAILURES = 2


class LoginHistory:
    """Records how recent checks of passwords ended, and ranks new checks.

    A check is recorded by its key and address (see `login_queue.Attempt`). `throttle` counts the
    failures, which are wrong passwords. A refusal is a check that LoginQueue did not run because
    the queue was full.
    """

    def __init__(self, throttle: LoginThrottle) -> None:
        self._throttle = throttle
        self._refusals = LoginThrottle()
        self._successes: LruCache[bytes, bool] = LruCache(_MAX_SUCCESSES)

    def record_success(self, key: bytes) -> None:
        """Record a correct login of `key`, and forget the failures and refusals of `key`.

        Failures and refusals of the client's address still count.
        """
        self._throttle.reset(key)
        self._refusals.reset(key)
        self._successes.put(key, value=True)

    def record_failure(self, key: bytes, address: bytes) -> None:
        """Count a wrong password, for `key` and for `address`.

        From FREE_FAILURES failures of `key` on, the next check of `key` is delayed. Failures of
        `address` delay nothing, but change the results of `rank` and `has_many_failures`.
        """
        self._throttle.record_failure(key)
        self._throttle.record_failure(address)

    def record_refusal(self, key: bytes, address: bytes) -> None:
        """Count a check that the queue refused, for `key` and for `address`.

        Refusals can raise the `rank` of later checks, but do not delay these checks.
        """
        self._refusals.record_failure(key)
        self._refusals.record_failure(address)

    def delay(self, key: bytes) -> float:
        """Return the seconds until the next check of `key` may start; 0 if it may start now."""
        return self._throttle.delay(key)

    def has_many_failures(self, key: bytes, address: bytes) -> bool:
        """Return True if `key` or `address` has more than FREE_FAILURES recent failures.

        Failures are recent until LoginThrottle forgets them. Refusals do not count.
        """
        return max(map(self._throttle.failures, (key, address))) > FREE_FAILURES

    def rank(self, key: bytes, address: bytes) -> tuple[int, int]:
        """Return the failure levels of `key` and `address`. LoginQueue runs lower ranks first.

        A failure level is 0 for no failures and refusals, 1 for up to FREE_FAILURES, and 2 for
        more. If `key` logged in before, and has had at most FREE_FAILURES failures since, the rank
        is (-1, 0), which is the lowest.
        """
        if self._successes.peek(key) and self._throttle.failures(key) <= FREE_FAILURES:
            return -1, 0
        return self._failure_level(key), self._failure_level(address)

    def _failure_level(self, key: bytes) -> int:
        """Return the failure level of a key or an address: 0, 1 or 2 (see `rank`)."""
        count = self._throttle.failures(key) + self._refusals.failures(key)
        return _MANY_FAILURES if count > FREE_FAILURES else min(count, 1)
