"""Reload: which settings can change while a process serves."""

import logging
from collections.abc import Callable
from dataclasses import replace

from glimpse.settings import Settings

_LOG = logging.getLogger(__name__)

LoadSettings = Callable[[], Settings]


def keep_fixed_settings(new: Settings, present: Settings) -> Settings:
    """Return `new` with the present host, port, workers and metrics.

    Only a restart can change those: the sockets and processes exist. Logs a warning if `new` has
    others. Metrics that nobody configured count as equal: they are off while their port is in use.
    """
    fixed = {name: getattr(present.server, name) for name in ("host", "port", "workers")}
    server = replace(new.server, **fixed)
    configured = new.metrics.required or present.metrics.required
    if server != new.server or (configured and new.metrics != present.metrics):
        _LOG.warning("host, port, workers and [metrics] change with a restart, not with a reload.")
    return replace(new, server=server, metrics=present.metrics)
