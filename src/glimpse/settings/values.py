"""Settings: the values of all options, as one frozen tree."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from oslo_config import cfg

from glimpse.settings.options.api import Api, Embedded, Middleware, Policy, Quota
from glimpse.settings.options.cors import Cors
from glimpse.settings.options.glance_database import GlanceDatabase
from glimpse.settings.options.image_format import ImageFormat
from glimpse.settings.options.imports import Import
from glimpse.settings.options.process import Healthcheck, ImageServiceName, Metrics, Server
from glimpse.settings.options.services import Coordination, Glance, KeystoneAuthtoken, ServiceUser


@dataclass(frozen=True, slots=True)
class Settings:
    """The values of all options, and values derived from them.

    ``ineffective_options`` has messages for the operator about options and environment variables
    that are set and have no effect. There is no message for an unknown option that resembles no
    option of Glimpse.

    ``oslo_config`` is the configuration from which the values were read. Only this field has the
    credentials to log in with: keystoneauth1.loading reads them.
    """

    server: Server
    api: Api
    quota: Quota
    policy: Policy
    middleware: Middleware
    cors: Cors
    healthcheck: Healthcheck
    metrics: Metrics
    embedded: Embedded
    image_format: ImageFormat
    imports: Import
    glance: Glance
    glance_database: GlanceDatabase
    keystone_authtoken: KeystoneAuthtoken
    service_user: ServiceUser
    coordination: Coordination
    image_service: ImageServiceName
    ineffective_options: tuple[str, ...]
    oslo_config: cfg.ConfigOpts = field(repr=False, compare=False)

    @property
    def has_embedded_state(self) -> bool:
        """True if images or users are kept in the state directory."""
        return "embedded" in (self.image_service, self.api.auth_strategy)

    def without_metrics(self) -> "Settings":
        """Return a copy of the settings without metrics: no port is open for metrics."""
        return replace(self, metrics=replace(self.metrics, port=0))

    def with_ineffective_options(self, messages: Sequence[str]) -> "Settings":
        """Return a copy of the settings with `messages` at the start of ``ineffective_options``."""
        return replace(self, ineffective_options=(*messages, *self.ineffective_options))
