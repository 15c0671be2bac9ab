"""Settings: read the configuration, once, into frozen values."""

from glimpse.settings.loading import InvalidSettings, load_settings
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
    "InvalidSettings",
    "KeystoneAuthtoken",
    "Metrics",
    "Middleware",
    "Policy",
    "Quota",
    "Server",
    "Settings",
    "load_settings",
]
