"""Every option: its name, default and meaning in the list of its section, its type in the class below.

oslo.config reads the options of the list. The fields of the class, which holds the values, are named
like them.
"""

from collections.abc import Mapping, Sequence

from oslo_config import cfg

from glimpse.settings.options.api import API, EMBEDDED, MIDDLEWARE, POLICY, QUOTA
from glimpse.settings.options.process import GLIMPSE, HEALTHCHECK, LOGGING, METRICS
from glimpse.settings.options.services import (
    COORDINATION,
    GLANCE,
    KEYSTONE_AUTHTOKEN,
    SERVICE_USER,
)

SECTIONS: Mapping[str, Sequence[cfg.Opt]] = {
    "DEFAULT": LOGGING,
    "glimpse": GLIMPSE,
    "api": API,
    "quota": QUOTA,
    "oslo_policy": POLICY,
    "oslo_middleware": MIDDLEWARE,
    "healthcheck": HEALTHCHECK,
    "metrics": METRICS,
    "embedded": EMBEDDED,
    "glance": GLANCE,
    "keystone_authtoken": KEYSTONE_AUTHTOKEN,
    "service_user": SERVICE_USER,
    "coordination": COORDINATION,
}
