"""Observer: what the parts tell of their work, for whoever counts it. They know no more of that."""

from typing import Literal, Protocol

Service = Literal["glance", "keystone"]


class Observer(Protocol):
    """Each method is called on the hot path: it takes a microsecond or so and raises nothing."""

    def request_began(self) -> None:
        """A request came in."""
        ...

    def request_ended(self, operation: str, status: int, seconds: float) -> None:
        """Its answer is sent, or cannot be; `operation` is one of a fixed set of names."""
        ...

    def call_ended(self, service: Service, method: str, outcome: str, seconds: float) -> None:
        """One call to another service ended; `outcome` is the status, or a word for why none."""
        ...

    def call_retried(self, service: Service) -> None:
        """A call is made once more."""
        ...

    def token_looked_up(self, *, hit: bool) -> None:
        """The cache of validated tokens was asked for one."""
        ...


class NullObserver:
    """An Observer that counts nothing."""

    def request_began(self) -> None:
        """See Observer."""

    def request_ended(self, operation: str, status: int, seconds: float) -> None:
        """See Observer."""

    def call_ended(self, service: Service, method: str, outcome: str, seconds: float) -> None:
        """See Observer."""

    def call_retried(self, service: Service) -> None:
        """See Observer."""

    def token_looked_up(self, *, hit: bool) -> None:
        """See Observer."""


NULL_OBSERVER = NullObserver()
