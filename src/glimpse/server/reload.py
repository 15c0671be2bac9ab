"""Reload: what the configuration may change while a process serves."""

import logging
from collections.abc import Callable
from dataclasses import replace

from glimpse.settings import Settings

_LOG = logging.getLogger(__name__)

LoadSettings = Callable[[], Settings]


def keep_fixed_settings(fresh: Settings, present: Settings) -> Settings:
    """Return `fresh` with the present host, port, workers and metrics: a restart changes those.

    Logs a warning if `fresh` has others.
    """
    fixed = {name: getattr(present.server, name) for name in ("host", "port", "workers")}
    server = replace(fresh.server, **fixed)
    asked = fresh.metrics.required or present.metrics.required  # the usual ones may be off
    if server != fresh.server or (asked and fresh.metrics != present.metrics):
        _LOG.warning("host, port, workers and [metrics] change with a restart, not with a reload.")
    return replace(fresh, server=server, metrics=present.metrics)
