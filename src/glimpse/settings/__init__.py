"""Settings: configuration is read here, once; inside there are values."""

from glimpse.settings.loading import SettingsError, load_settings
from glimpse.settings.values import (
    Api,
    Embedded,
    Glance,
    Healthcheck,
    KeystoneAuthtoken,
    Metrics,
    Middleware,
    Policy,
    Quota,
    Server,
    Settings,
)

__all__ = [
    "Api",
    "Embedded",
    "Glance",
    "Healthcheck",
    "KeystoneAuthtoken",
    "Metrics",
    "Middleware",
    "Policy",
    "Quota",
    "Server",
    "Settings",
    "SettingsError",
    "load_settings",
]
