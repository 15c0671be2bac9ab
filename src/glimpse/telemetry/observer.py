"""Observer: the hooks through which requests and calls are counted."""

from typing import Literal, Protocol

Service = Literal["glance", "keystone"]


class Observer(Protocol):
    """Called for events of requests and calls.

    All methods are on the hot path: they take about a microsecond and raise nothing.
    """

    def request_began(self) -> None:
        """A request has arrived."""
        ...

    def request_ended(self, operation: str, status: int, seconds: float) -> None:
        """A request has ended, `seconds` after it arrived.

        `operation` is one of a fixed set of names. `status` is that of the response; 499 or 500 if
        the response was cut.
        """
        ...

    def call_ended(self, service: Service, method: str, outcome: str, seconds: float) -> None:
        """One call to another service has ended, after `seconds`.

        `outcome` is the status of the response, or a word for why there is none.
        """
        ...

    def call_retried(self, service: Service) -> None:
        """A call is about to be made again."""
        ...

    def token_looked_up(self, *, hit: bool) -> None:
        """A token was looked up in the cache of validated tokens; `hit` if it was there."""
        ...


class NullObserver:
    """Implements Observer and does nothing."""

    def request_began(self) -> None:
        """Do nothing."""

    def request_ended(self, operation: str, status: int, seconds: float) -> None:
        """Do nothing."""

    def call_ended(self, service: Service, method: str, outcome: str, seconds: float) -> None:
        """Do nothing."""

    def call_retried(self, service: Service) -> None:
        """Do nothing."""

    def token_looked_up(self, *, hit: bool) -> None:
        """Do nothing."""


NULL_OBSERVER = NullObserver()
