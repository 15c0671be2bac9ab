"""PasswordCheck: a check of a password that waits or runs in LoginQueue."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from glimpse.identity.embedded.login_history import Attempt


@dataclass(eq=False, slots=True)
class PasswordCheck:
    """A check of a password that waits or runs.

    ``waiters`` has a future for each caller that waits for the result. ``arrival`` numbers the
    checks in the order of their arrival. ``units`` is the CPU time of ``work``, in units of 0.05 s.
    """

    attempt: Attempt
    work: Callable[[], bool]
    units: int
    arrival: int
    waiters: set[asyncio.Future[bool]] = field(default_factory=set)

    def fail(self, make_error: Callable[[], BaseException]) -> None:
        """Make each caller of this check raise an error that `make_error` returns.

        Calls `make_error` for each caller. Callers that already have a result are left out.
        """
        for future in self.waiters:
            if not future.done():
                future.set_exception(make_error())
