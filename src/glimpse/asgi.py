"""``glimpse.asgi:application``: the application, for an ASGI server of your own.

The environment variable GLIMPSE_CONFIG_FILES names configuration files, separated by colons. The
import of this module reads these files and sets up logging. The import raises InvalidSettings if
the settings cannot be used, and OSError if the log file cannot be opened.
"""

import logging
import os

from glimpse.app.reload import ReloadableApplication
from glimpse.settings import load_settings
from glimpse.telemetry.log_setup import configure_logging

_settings = load_settings(
    [name for name in os.environ.get("GLIMPSE_CONFIG_FILES", "").split(":") if name]
)
if (
    not _settings.metrics.is_required
):  # an ASGI server of your own listens at the metrics port only if you configure that
    _settings = _settings.without_metrics()
configure_logging(_settings.server)
for _message in _settings.ineffective_options:
    logging.getLogger(__name__).warning("%s", _message)

application = ReloadableApplication(_settings)
