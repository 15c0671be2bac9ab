"""Metrics: an Observer that counts requests and calls, and renders them for Prometheus.

With several workers, prometheus_client stores the counts in files in the directory
PROMETHEUS_MULTIPROC_DIR. Each worker then returns the sums over all workers. prometheus_client
reads this environment variable when it is imported: set it before you import this module.
"""

import functools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from glimpse.telemetry.observer import CatalogOperation, Service

DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_REQUEST_SECONDS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
_CALL_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Counts requests and calls, as an Observer, and renders the counts for Prometheus.

    Make only one object per process: two objects would overwrite each other's files.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        registry = registry or CollectorRegistry()
        self._registry = registry
        counter = functools.partial(Counter, registry=registry)
        histogram = functools.partial(Histogram, registry=registry)
        self._requests = counter(
            "glimpse_requests_total", "Requests that have ended.", ["operation", "status"]
        )
        self._seconds = histogram(
            "glimpse_request_duration_seconds",
            "Time until the whole response was sent.",
            ["operation"],
            buckets=_REQUEST_SECONDS,
        )
        self._in_flight = _gauge_of_requests_in_flight(registry)
        self._calls = counter(
            "glimpse_service_calls_total",
            "Calls to Glance and Keystone, and queries of Glance's database; retries included.",
            ["service", "method", "outcome"],
        )
        self._call_seconds = histogram(
            "glimpse_service_call_duration_seconds",
            "Time of one such call.",
            ["service"],
            buckets=_CALL_SECONDS,
        )
        self._retries = counter(
            "glimpse_service_retries_total", "Calls that were made once more.", ["service"]
        )
        tokens = counter(
            "glimpse_token_cache_lookups_total", "Lookups in the token cache.", ["result"]
        )
        self._hits, self._misses = tokens.labels("hit"), tokens.labels("miss")
        self._catalog_errors = counter(
            "glimpse_catalog_errors_total", "Reads and writes that failed.", ["operation"]
        )
        # A call of labels() takes as long as the counting, so its results are kept. There are few
        # combinations of labels.
        self._request_parts: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._call_parts: dict[tuple[Service, str, str], tuple[Counter, Histogram]] = {}

    @property
    def names(self) -> list[str]:
        """The names of all metrics, as Prometheus shows them."""
        return [
            family.name + ("_total" if family.type == "counter" else "")
            for family in self._registry.collect()
        ]

    def request_began(self) -> None:
        """Add a request that has started to the requests in flight."""
        self._in_flight.inc()

    def request_ended(self, operation: str, status: int, seconds: float) -> None:
        """Count a request that has ended, by operation and status; record its duration.

        `seconds` is the duration. The request is no longer in flight.
        """
        self._in_flight.dec()
        key = (operation, status)
        parts = self._request_parts.get(key)
        if parts is None:
            parts = self._requests.labels(operation, str(status)), self._seconds.labels(operation)
            self._request_parts[key] = parts
        parts[0].inc()
        parts[1].observe(seconds)

    def call_ended(self, service: Service, method: str, outcome: str, seconds: float) -> None:
        """Count a call that has ended, by service, method and outcome; record its duration.

        `outcome` is a status code or a word, which `Observer.call_ended` lists. A status code
        outside 100..599 is counted as ``other``, so that a service cannot create thousands of time
        series.
        """
        if outcome.isdigit() and not 100 <= int(outcome) <= 599:  # noqa: PLR2004  HTTP's statuses
            outcome = "other"
        key = (service, method, outcome)
        parts = self._call_parts.get(key)
        if parts is None:
            parts = self._calls.labels(*key), self._call_seconds.labels(service)
            self._call_parts[key] = parts
        parts[0].inc()
        parts[1].observe(seconds)

    def call_retried(self, service: Service) -> None:
        """Count a retry of a call to `service`."""
        self._retries.labels(service).inc()

    def token_looked_up(self, *, hit: bool) -> None:
        """Count a hit or a miss of the token cache."""
        (self._hits if hit else self._misses).inc()

    def catalog_failed(self, operation: CatalogOperation) -> None:
        """Count a failed read or write of the catalog."""
        self._catalog_errors.labels(operation).inc()

    def render(self, accept: str) -> tuple[str, bytes]:
        """Return content type and body of the response to Prometheus.

        `accept` is the Accept header of the request; empty for none. With several workers, this
        method reads the files of all workers: call this method in a thread.
        """
        encode, content_type = choose_encoder(accept)
        return content_type, encode(self._registry_to_render())

    def _registry_to_render(self) -> CollectorRegistry:
        """Return the registry of this process if PROMETHEUS_MULTIPROC_DIR is not set.

        Otherwise returns a new registry with the sums over all workers.
        """
        if not os.environ.get(DIRECTORY_VARIABLE):
            return self._registry
        everything = CollectorRegistry()
        everything.register(_WorkerFiles())
        return everything


class _WorkerFiles(Collector):
    """Collects the counts of all workers from the files in PROMETHEUS_MULTIPROC_DIR.

    A file that a worker is just making is still empty, and is left out: prometheus_client cannot
    read it.
    """

    def collect(self) -> Iterable[Metric]:
        """Return the metrics, each with the sum over the workers."""
        files = [str(file) for file in _files_of_workers() if _is_filled(file)]
        merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return merged


def _files_of_workers() -> Iterator[Path]:
    return Path(os.environ[DIRECTORY_VARIABLE]).glob("*.db")


def _is_filled(file: Path) -> bool:
    """Return False if the file is empty, or was removed because its worker exited."""
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:
        return False


def _gauge_of_requests_in_flight(registry: CollectorRegistry) -> Gauge:
    """Return a new gauge in `registry`; with several workers, the sum over the running ones."""
    return Gauge(
        "glimpse_requests_in_flight",
        "Requests being served now.",
        multiprocess_mode="livesum",
        registry=registry,
    )


def remove_worker_metrics(pid: int) -> None:
    """Stop counting the requests in flight of a worker that has exited.

    The other counts of the worker are kept. Call this function only if PROMETHEUS_MULTIPROC_DIR is
    set.
    """
    mark_process_dead(pid)  # type: ignore[no-untyped-call]
