"""Options with the defaults that `settings` declares, for tests of what they are passed to."""

from dataclasses import replace
from typing import Any

from glimpse.app import compute, gateway, keystone, tls
from glimpse.compute.options import ComputeOptions
from glimpse.glance import GlanceOptions
from glimpse.identity.keystone import KeystoneOptions
from glimpse.settings import load_settings
from glimpse.upstream.tls import TlsOptions


def compute_options(**changes: Any) -> ComputeOptions:
    """The options of the Compute API: the declared defaults, but for `changes`."""
    return replace(compute.compute_options(load_settings()), **changes)


def glance_options(*servers: str, **changes: Any) -> GlanceOptions:
    """The options of [glance] for these servers: the declared defaults, but for `changes`."""
    return replace(gateway.glance_options(load_settings()), api_servers=servers, **changes)


def keystone_options(**changes: Any) -> KeystoneOptions:
    """The options of [keystone_authtoken]: the declared defaults, but for `changes`."""
    return replace(keystone.keystone_options(load_settings()), **changes)


def tls_options(**changes: Any) -> TlsOptions:
    """The TLS options of [glance]: the declared defaults, but for `changes`."""
    return replace(tls.tls_options("glance", load_settings().glance), **changes)
