"""keep_fixed_settings: at a reload, keeps the settings that only a restart can change."""

import logging
from dataclasses import replace

from glimpse.settings import Settings

_FIXED = ("host", "port", "image_port", "identity_port", "workers", "state_dir")
_LOG = logging.getLogger(__name__)


def keep_fixed_settings(new: Settings, present: Settings) -> Settings:
    """Return `new` with host, ports, number of workers, state_dir and [metrics] of `present`.

    Only a restart can change these settings, because the sockets, the processes and the lock of the
    state directory exist already. Logs a warning if `new` has other values than `present`.

    No warning is logged for [metrics] if the operator has configured [metrics] neither in `new` nor
    in `present`. In that case they differ only because the default port was in use at the start,
    so that `present` has no metrics.
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
