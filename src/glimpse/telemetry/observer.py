"""Observer: the interface that counts requests, and calls to other services."""

from typing import Literal, Protocol

Service = Literal["glance", "glance_database", "glance_database_replica", "keystone"]

CatalogOperation = Literal["read", "write"]


class Observer(Protocol):
    """Called when requests start or end, and when calls to other services end.

    Requests wait for its methods. So each method takes about a microsecond, and never raises.
    """

    def request_began(self) -> None:
        """Record that a request has arrived."""
        ...

    def request_ended(self, operation: str, status: int, seconds: float) -> None:
        """Record that a request has ended, `seconds` after it arrived.

        `operation` is one of a fixed set of names. `status` is the status code of the response; for
        an incomplete response it is 499 or 500 (see `RequestMiddleware`).
        """
        ...

    def call_ended(self, service: Service, method: str, outcome: str, seconds: float) -> None:
        """Record that one call to another service has ended, after `seconds`.

        Each retry is a call, too. `method` is the HTTP method. `outcome` is the status code of the
        response. Without a response it is ``timeout``, ``bad_answer`` (Glance's response was too
        large) or ``unreachable`` (any other error). For a login, `method` is ``login``, and
        `outcome` is ``ok`` or ``failed``. For a query of Glance's database, `method` is ``select``,
        and `outcome` is ``ok``, ``failed``, ``refused`` (for a value of the request),
        ``cancelled``, or ``skipped`` (not sent, because others failed); of its replica also
        ``not_current`` (not sent, because the replica is behind) or ``own_write`` (because this
        gateway has just written).
        """
        ...

    def call_retried(self, service: Service) -> None:
        """Record that a failed call to a service is about to be sent again."""
        ...

    def token_looked_up(self, *, hit: bool) -> None:
        """Record a lookup in the cache of validated tokens; `hit` if the token was found."""
        ...

    def catalog_failed(self, operation: CatalogOperation) -> None:
        """Record that the catalog of the embedded services could not be read or written."""
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

    def catalog_failed(self, operation: CatalogOperation) -> None:
        """Do nothing."""


NULL_OBSERVER = NullObserver()
