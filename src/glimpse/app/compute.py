"""make_compute_api: makes the Compute API from the settings and the components."""

from urllib.parse import urlsplit

from glimpse.app.components import Components
from glimpse.compute.api import ComputeAPI
from glimpse.compute.image_operations import ImageOperations
from glimpse.compute.image_routes import image_routes
from glimpse.compute.microversions import parse_microversion
from glimpse.compute.options import ComputeOptions
from glimpse.compute.policy import ComputePolicy
from glimpse.compute.routes import RouteTable
from glimpse.compute.servers.operations import ServerOperations
from glimpse.compute.servers.policy import ServerPolicy
from glimpse.compute.servers.routes import server_routes
from glimpse.images import PolicyRules
from glimpse.settings import InvalidSettings, Settings


def make_compute_api(
    settings: Settings, components: Components, rules: PolicyRules | None
) -> ComputeAPI:
    """Make the Compute API from the settings and the components.

    `rules` are the operator's policy rules; None without policy files. Raises InvalidSettings for
    an invalid link prefix.
    """
    policy = ComputePolicy(rules)
    return ComputeAPI(
        make_image_routes(settings, components, policy),
        policy,
        components.identity,
        components.image_service_url,
        compute_options(settings),
        make_server_routes(settings, components, rules),
    )


def make_image_routes(
    settings: Settings, components: Components, policy: ComputePolicy
) -> RouteTable:
    """Make the route table of images; `policy` decides who may call which operation."""
    operations = ImageOperations(
        components.images,
        metadata_items=settings.quota.metadata_items,
        policy=policy,
    )
    return image_routes(operations)


def make_server_routes(
    settings: Settings, components: Components, rules: PolicyRules | None
) -> RouteTable | None:
    """Make the route table of servers; None if the cloud has no servers.

    `rules` are the operator's policy rules; None without policy files.
    """
    if components.servers is None:
        return None
    operations = ServerOperations(
        components.servers, ServerPolicy(rules), metadata_items=settings.quota.metadata_items
    )
    return server_routes(operations)


def compute_options(settings: Settings) -> ComputeOptions:
    """Return the Compute API's options. Raises InvalidSettings for an invalid link prefix."""
    return ComputeOptions(
        advertised_microversion=parse_microversion(settings.api.advertised_microversion),
        max_microversion=parse_microversion(settings.api.max_microversion),
        max_body_size=settings.middleware.max_request_body_size,
        compute_link_prefix=_link_prefix("compute_link_prefix", settings.api.compute_link_prefix),
        glance_link_prefix=_link_prefix("glance_link_prefix", settings.api.glance_link_prefix),
        sunset=settings.api.sunset,
        etags=settings.image_service == "embedded",
        serve_removed=settings.api.serve_removed_microversions,
    )


def _link_prefix(option: str, text: str | None) -> str | None:
    """Return the link prefix `text` unchanged; None if `text` is empty or None.

    Raises InvalidSettings if `text` is no URL or has no scheme or no host. The message names the
    `option`.
    """
    if not text:
        return None
    try:
        parts = urlsplit(text)
        is_url = bool(parts.scheme and parts.hostname)
    except ValueError:  # such as a [ without a ]
        is_url = False
    if not is_url:
        raise InvalidSettings(
            f"[api] {option}: {text!r} is no URL: a link prefix needs a scheme and a host."
        )
    return text
