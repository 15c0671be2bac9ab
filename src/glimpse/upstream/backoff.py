"""retry_delay: the delay before a failed request is sent again."""

import random

_FIRST_DELAY = 0.1  # seconds, at most, before the first retry
_MAX_DELAY = 1.0


def retry_delay(retry: int) -> float:
    """Return the seconds to wait before the `retry`-th retry, counted from 1.

    The delay is random, between half of a bound and the bound. The bound is 0.1 s for the first
    retry, and doubles with each further retry, up to 1 s. Clients whose requests failed at the same
    time therefore do not retry at the same time.
    """
    longest = min(_MAX_DELAY, _FIRST_DELAY * 2 ** (retry - 1))
    return random.uniform(longest / 2, longest)  # noqa: S311  spreads load, protects no secret
