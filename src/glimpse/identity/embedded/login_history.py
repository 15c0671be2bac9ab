"""LoginHistory: recent results of logins, and the ranks by which LoginQueue orders checks.

Attempt identifies a check of a password.
"""

from enum import IntEnum
from typing import NamedTuple

from glimpse.caching.lru_cache import LruCache
from glimpse.identity.embedded.login_throttle import FREE_FAILURES, LoginThrottle

_MAX_SUCCESSES = 5000  # names that logged in: 0.5 MB


class Attempt(NamedTuple):
    """Identifies a check of a password, or the hashing of a new one, by three digests.

    Checks that run at the same time with equal Attempts are made once.

    - ``name_digest``: the digest of the client's network and of a name: that of the user or of the
      application credential.
    - ``network_digest``: the digest of the client's network.
    - ``secret_digest``: the digest of the secret that was sent and the stored secret. For the
      hashing of a new secret, these are random bytes.
    """

    name_digest: bytes
    network_digest: bytes
    secret_digest: bytes


class FailureLevel(IntEnum):
    """How many failures a name or a network has. Refusals by the queue count as failures.

    NONE stands for 0, FEW for 1 to FREE_FAILURES, MANY for more.
    """

    NONE = 0
    FEW = 1
    MANY = 2


class LoginRank(NamedTuple):
    """The place of a check among others. LoginQueue runs checks with lower ranks first.

    ``is_new`` is False if the name has logged in from the client's network before, and has at most
    FREE_FAILURES failures since then that are not forgotten. Then both levels are NONE.
    """

    is_new: bool
    name_level: FailureLevel
    network_level: FailureLevel

    @property
    def level(self) -> FailureLevel:
        """The higher one of ``name_level`` and ``network_level``."""
        return max(self.name_level, self.network_level)


class LoginHistory:
    """Records how recent checks of passwords ended, and ranks new checks.

    A name stands for the user's name together with the client's network (see Attempt). Failures,
    which are wrong passwords and errors of checks, are counted for the name and for the network, by
    `throttle`. Refusals, which are checks that LoginQueue did not run because the queue was full,
    are counted in the same way, but apart. Successes are recorded for the name only. The memory is
    bounded: the names and networks of long ago are forgotten.
    """

    def __init__(self, throttle: LoginThrottle) -> None:
        self._throttle = throttle
        self._refusals = LoginThrottle()
        self._successes: LruCache[bytes, bool] = LruCache(_MAX_SUCCESSES)

    def record_success(self, attempt: Attempt) -> None:
        """Record a correct login, and forget the failures and refusals of the name in `attempt`.

        Failures and refusals of the network in `attempt` still count.
        """
        self._throttle.reset(attempt.name_digest)
        self._refusals.reset(attempt.name_digest)
        self._successes.put(attempt.name_digest, value=True)

    def record_failure(self, attempt: Attempt) -> None:
        """Count a failed check, for the name and for the network in `attempt`.

        After FREE_FAILURES failures of a name, the next check of the name is delayed. Failures of a
        network delay nothing, but change the results of `rank` and `has_many_failures`.
        """
        self._throttle.record_failure(attempt.name_digest)
        self._throttle.record_failure(attempt.network_digest)

    def record_refusal(self, attempt: Attempt) -> None:
        """Count a check that the queue refused, for the name and for the network in `attempt`.

        Refusals can give later checks a higher `rank`, so that other checks run before them.
        Refusals never cause a `delay`.
        """
        self._refusals.record_failure(attempt.name_digest)
        self._refusals.record_failure(attempt.network_digest)

    def delay(self, attempt: Attempt) -> float:
        """Return in how many seconds the name in `attempt` may be checked; 0 if at once."""
        return self._throttle.delay(attempt.name_digest)

    def has_many_failures(self, attempt: Attempt) -> bool:
        """Return True if the name or network in `attempt` has more than FREE_FAILURES failures.

        Refusals do not count. Failures that are forgotten do not count either: a correct login
        forgets the failures of the name, and LoginThrottle forgets old failures.
        """
        digests = attempt.name_digest, attempt.network_digest
        return max(map(self._throttle.failures, digests)) > FREE_FAILURES

    def rank(self, attempt: Attempt) -> LoginRank:
        """Return the rank of `attempt`. Checks with lower ranks run first.

        The rank is lowest if the name has logged in from this network before, and has at most
        FREE_FAILURES failures since then that are not forgotten. Otherwise the rank grows with the
        failures and refusals of the name, and then with those of the network.
        """
        none, has_logged_in = FailureLevel.NONE, self._successes.peek(attempt.name_digest)
        if has_logged_in and self._throttle.failures(attempt.name_digest) <= FREE_FAILURES:
            return LoginRank(is_new=False, name_level=none, network_level=none)
        return LoginRank(
            is_new=True,
            name_level=self._failure_level(attempt.name_digest),
            network_level=self._failure_level(attempt.network_digest),
        )

    def _failure_level(self, digest: bytes) -> FailureLevel:
        """Return the level of the failures and refusals of a name or network with this `digest`."""
        count = self._throttle.failures(digest) + self._refusals.failures(digest)
        if count > FREE_FAILURES:
            return FailureLevel.MANY
        return FailureLevel.FEW if count else FailureLevel.NONE
