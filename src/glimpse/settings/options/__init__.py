"""All options. A section has a list that declares its options, and a class for the values.

A list, such as API, has the names, defaults and meanings for oslo.config. The class below the list,
such as Api, holds the values, in fields with the names of the options.
"""

from collections.abc import Mapping, Sequence

from oslo_config import cfg

from glimpse.settings.options.api import API, EMBEDDED, MIDDLEWARE, POLICY, QUOTA
from glimpse.settings.options.cors import CORS
from glimpse.settings.options.glance_database import GLANCE_DATABASE
from glimpse.settings.options.image_format import IMAGE_FORMAT
from glimpse.settings.options.imports import IMPORT
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
    "cors": CORS,
    "healthcheck": HEALTHCHECK,
    "metrics": METRICS,
    "embedded": EMBEDDED,
    "image_format": IMAGE_FORMAT,
    "import": IMPORT,
    "glance": GLANCE,
    "glance_database": GLANCE_DATABASE,
    "keystone_authtoken": KEYSTONE_AUTHTOKEN,
    "service_user": SERVICE_USER,
    "coordination": COORDINATION,
}
