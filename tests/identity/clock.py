"""ManualClock: a clock that tests set."""


class ManualClock:
    """A clock that returns `now`, which tests advance."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
