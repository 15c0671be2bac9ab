"""Logs the start and the stop of `glimpse serve`."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from glimpse import __version__
from glimpse.settings import Settings

_LOG = logging.getLogger(__name__)


@contextmanager
def lifetime_logged(settings: Settings, port: int) -> Iterator[None]:
    """Log the start of this process before the block, and its end after the block.

    The end is logged even if the block raises an error. `port` is the port of the Compute API,
    which the kernel has chosen if the option is 0.
    """
    server = settings.server
    reads_database = settings.image_service == "glance" and settings.glance_database.is_configured
    _LOG.info(
        "Glimpse %s starts on %s port %d: image_service = %s%s, auth_strategy = %s, workers = %d",
        __version__,
        server.host,
        port,
        settings.image_service,
        " (and its database)" if reads_database else "",
        settings.api.auth_strategy,
        server.workers,
    )
    try:
        yield
    finally:
        _LOG.info("Glimpse %s has stopped", __version__)
