"""Options for tests: the declared defaults, except for the changes of a test."""

from dataclasses import replace
from typing import Any

from glimpse.app import compute, gateway, keystone, tls
from glimpse.compute.options import ComputeOptions
from glimpse.glance import GlanceOptions
from glimpse.identity.keystone import KeystoneOptions
from glimpse.settings import load_settings
from glimpse.upstream.tls import TlsOptions


def compute_options(**changes: Any) -> ComputeOptions:
    """Return the options of the Compute API; `changes` replace the declared defaults."""
    return replace(compute.compute_options(load_settings()), **changes)


def glance_options(*servers: str, **changes: Any) -> GlanceOptions:
    """Return options of [glance] for these servers; `changes` replace the declared defaults."""
    return replace(gateway.glance_options(load_settings()), api_servers=servers, **changes)


def keystone_options(**changes: Any) -> KeystoneOptions:
    """Return the options of [keystone_authtoken]; `changes` replace the declared defaults."""
    return replace(keystone.keystone_options(load_settings()), **changes)


def tls_options(**changes: Any) -> TlsOptions:
    """Return the TLS options of [glance]; `changes` replace the declared defaults."""
    return replace(tls.tls_options("glance", load_settings().glance), **changes)
