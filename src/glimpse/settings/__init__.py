"""Settings: reads the configuration once, into a tree of frozen values."""

from glimpse.settings.loading import InvalidSettings, LoadSettings, load_settings
from glimpse.settings.options.process import Metrics, Server
from glimpse.settings.options.services import Glance, KeystoneAuthtoken
from glimpse.settings.values import Settings

__all__ = [
    "Glance",
    "InvalidSettings",
    "KeystoneAuthtoken",
    "LoadSettings",
    "Metrics",
    "Server",
    "Settings",
    "load_settings",
]
