"""Fixed settings: those that a reload does not change."""

import logging
from collections.abc import Callable
from dataclasses import replace

from glimpse.settings import Settings

_LOG = logging.getLogger(__name__)

LoadSettings = Callable[[], Settings]


def keep_fixed_settings(new: Settings, present: Settings) -> Settings:
    """Return `new` with the present host, port, number of workers and metrics.

    Only a restart can change these, since sockets and processes exist already. Logs a warning if
    `new` differs in one of them. If no metrics port is configured in either, metrics are not
    compared: the present ones may be off only because the default port was in use.
    """
    fixed = {name: getattr(present.server, name) for name in ("host", "port", "workers")}
    server = replace(new.server, **fixed)
    configured = new.metrics.is_required or present.metrics.is_required
    if server != new.server or (configured and new.metrics != present.metrics):
        _LOG.warning("host, port, workers and [metrics] change with a restart, not with a reload.")
    return replace(new, server=server, metrics=present.metrics)
