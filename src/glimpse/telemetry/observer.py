"""Observer: an interface for counting requests, and calls to other services."""

from typing import Literal, Protocol

Service = Literal["glance", "glance_database", "glance_database_replica", "keystone"]

CatalogOperation = Literal["read", "write"]


class Observer(Protocol):
    """Counts requests, calls to other services, token lookups and failures of the catalog.

    Code calls a method for each event, and waits for the method. So an implementation must take
    only about a microsecond, and must not raise.
    """

    def request_began(self) -> None:
        """Record that a request has arrived."""
        ...

    def request_ended(self, operation: str, status: int, seconds: float) -> None:
        """Record that a request has ended, `seconds` after it arrived.

        `operation` is the name of an operation (``image.list_images``). `status` is the status code
        of the response. For an incomplete response, `status` is 500 if the server failed or
        stopped, and 499 otherwise: if the client disconnected, for example.
        """
        ...

    def call_ended(self, service: Service, method: str, outcome: str, seconds: float) -> None:
        """Record that one call to another service has ended, after `seconds`.

        Each retry counts as a call. `method` and `outcome` depend on the kind of call:

        - HTTP request: `method` is the HTTP method. `outcome` is the status code. Without a
          response, `outcome` is ``timeout`` (also for a cancelled request), ``bad_response``
          (Glance's response was too large) or ``unreachable`` (any other error).
        - Login: `method` is ``login``. `outcome` is ``ok`` or ``failed`` (also if cancelled).
        - Query of Glance's database or its replica: `method` is ``select``. `outcome` is ``ok``,
          ``failed``, ``refused`` (the database does not accept a value of the request),
          ``cancelled``, or ``skipped`` (not sent, because earlier queries failed).
        - Query that the replica of Glance's database does not serve: `method` is ``select``.
          `outcome` is ``not_current`` (the replica is behind) or ``own_write`` (this gateway has
          just written, so the query was not sent to the replica).
        """
        ...

    def call_retried(self, service: Service) -> None:
        """Record that a failed call to a service is about to be sent again."""
        ...

    def token_looked_up(self, *, hit: bool) -> None:
        """Record a lookup in the cache of validated tokens; `hit` is True if a token was found."""
        ...

    def catalog_failed(self, operation: CatalogOperation) -> None:
        """Record that the catalog of the embedded services could not be read or written."""
        ...


class NullObserver:
    """An Observer that does nothing."""

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
