"""``glimpse.asgi:application``: for whoever runs an ASGI server of their own.

Configuration files are named in GLIMPSE_CONFIG_FILES, separated by colons. Logs go where they say.
"""

import logging
import os

from glimpse.app.reloadable import ReloadableApplication
from glimpse.settings import load_settings
from glimpse.telemetry.log_setup import configure_logging

_settings = load_settings(
    [name for name in os.environ.get("GLIMPSE_CONFIG_FILES", "").split(":") if name]
)
if not _settings.metrics.required:  # whoever listens for scrapes too was told to, and says where
    _settings = _settings.without_metrics()
configure_logging(_settings.server)
for _note in _settings.notes:
    logging.getLogger(__name__).warning("%s", _note)

application = ReloadableApplication(_settings)
