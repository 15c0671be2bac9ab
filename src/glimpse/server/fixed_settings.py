"""keep_fixed_settings: keeps the settings that only a restart can change at a reload."""

import logging
from collections.abc import Callable
from dataclasses import replace

from glimpse.settings import Settings

_FIXED = ("host", "port", "image_port", "identity_port", "workers", "state_dir")
_LOG = logging.getLogger(__name__)

# Reads the configuration anew. Raises an exception if it is invalid.
LoadSettings = Callable[[], Settings]


def keep_fixed_settings(new: Settings, present: Settings) -> Settings:
    """Return `new` with the host, ports, number of workers, state_dir and [metrics] of `present`.

    Sockets, processes and the lock of the state directory exist already, so only a restart can
    change these. Logs a warning if `new` has other values. Other [metrics] count only if the port
    is configured in `new` or `present`: the default port may just have been in use at the start.
    """
    fixed = {name: getattr(present.server, name) for name in _FIXED}
    server = replace(new.server, **fixed)
    configured = new.metrics.is_required or present.metrics.is_required
    if server != new.server or (configured and new.metrics != present.metrics):
        _LOG.warning(
            "state_dir, host, ports, workers and [metrics] change with a restart, not with a "
            "reload."
        )
    return replace(new, server=server, metrics=present.metrics)
