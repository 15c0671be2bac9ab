"""The port of the metrics, and the directory in which several workers keep their metrics."""

import logging
import os
import socket
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack

from glimpse.cli.errors import CommandFailed
from glimpse.cli.listening_sockets import open_socket
from glimpse.settings import Settings

# The directory for metrics of several processes; prometheus_client reads it when it is imported.
_METRICS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
_LOG = logging.getLogger(__name__)


def open_metrics(settings: Settings, stack: ExitStack) -> tuple[Settings, Sequence[socket.socket]]:
    """Listen at the port for metrics; return the settings to serve with, and the sockets.

    If metrics are turned off, there are no sockets; otherwise there is one. For several workers,
    makes a temporary directory for their metrics, and sets PROMETHEUS_MULTIPROC_DIR to it, unless
    this variable is set. Closing `stack` closes the socket and removes the directory.

    If the port or the directory cannot be used, raises CommandFailed if the operator has configured
    the port. Otherwise logs a warning, and returns settings without metrics and no sockets.
    """
    if not settings.metrics.port:
        return settings, []
    try:
        # The socket is first, so that no variable is set if metrics are turned off
        listener = stack.enter_context(open_socket(settings.metrics.host, settings.metrics.port))
        if settings.server.workers > 1:
            _share_metrics(listener, stack)
    except CommandFailed as error:
        if settings.metrics.is_required:
            raise
        _LOG.warning(
            "There is no /metrics to scrape: %s. Set [metrics] port to a free port, or to 0.", error
        )
        return settings.without_metrics(), []
    return settings, [listener]


def _share_metrics(listener: socket.socket, stack: ExitStack) -> None:
    """Set the variable PROMETHEUS_MULTIPROC_DIR to a directory for the metrics of all workers.

    Does nothing if the variable is set already. Otherwise makes a temporary directory, in
    RUNTIME_DIRECTORY if that variable is set. Closing `stack` removes the directory. The variable
    stays set. Raises CommandFailed if the directory cannot be made; then `listener` is closed.
    """
    if os.environ.get(_METRICS_DIRECTORY):
        return
    # systemd sets RUNTIME_DIRECTORY to a directory in memory. Without it, /tmp is used.
    where = os.environ.get("RUNTIME_DIRECTORY")
    try:
        directory = tempfile.TemporaryDirectory(prefix="glimpse-metrics-", dir=where)
    except OSError as error:
        listener.close()
        why = f"{error.filename or where}: {error.strerror}"
        raise CommandFailed(f"no place for the workers to keep numbers: {why}") from None
    os.environ[_METRICS_DIRECTORY] = stack.enter_context(directory)
