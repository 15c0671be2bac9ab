"""Application: puts the parts together. It knows every part; none knows it."""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

import anyio
from starlette.types import ASGIApp, Receive, Scope, Send

from glimpse.compute.api import ComputeAPI
from glimpse.compute.microversions import parse_microversion
from glimpse.compute.operations import Operations
from glimpse.compute.options import ComputeOptions
from glimpse.compute.policy import ComputePolicy
from glimpse.embedded.health_checks import check_catalog, check_data, check_identity
from glimpse.embedded.service import EmbeddedImageService
from glimpse.http.allowed_hosts import AllowedHosts
from glimpse.http.cache_headers import PRIVATE
from glimpse.http.healthcheck import HealthView
from glimpse.http.readiness import HealthCheck, ReadinessView
from glimpse.http.request_middleware import RequestIdMiddleware, RequestMiddleware, send_plain
from glimpse.identity import Identity
from glimpse.identity.embedded.service import EmbeddedIdentity
from glimpse.identity.noauth import NoAuthIdentity
from glimpse.identity_api.routes import identity_api
from glimpse.image_api import image_api
from glimpse.images import ImageService, Permissions, PolicyRules
from glimpse.server.file_descriptors import DESCRIPTORS
from glimpse.settings import Settings
from glimpse.telemetry.observer import NULL_OBSERVER, Observer
from glimpse.telemetry.request_context import current_context

IMAGE_PREFIX = "/image"
IDENTITY_PREFIX = "/identity"
_REPEATED_SLASHES = re.compile("/{2,}")
READINESS_PATH = "/readiness"


class _Parts(NamedTuple):
    images: ImageService
    identity: Identity
    image_url: Callable[[str], Awaitable[str]]
    probes: Mapping[str, HealthCheck]


class Application:
    """The ASGI application: the Compute API at the root, other APIs at their prefixes.

    Whoever serves it opens it first, in the process that serves, and closes it at the end.
    """

    def __init__(self, settings: Settings, observer: Observer = NULL_OBSERVER) -> None:
        self._settings = settings
        self._compute: ASGIApp | None = None
        self._mounts: dict[str, ASGIApp] = {}
        self._health = HealthView(settings.healthcheck)
        self._readiness = ReadinessView({})
        self._hosts = _allowed_hosts(settings)
        self._closers: list[Identity | ImageService] = []
        self.identity: Identity | None = None
        self._edge = RequestMiddleware(
            self._dispatch,
            trust_proxy_headers=settings.middleware.enable_proxy_headers_parsing,
            access_log=settings.server.access_log,
            observer=observer,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            await self._edge(scope, receive, send)

    async def idle(self) -> None:
        """Return when no request is being served."""
        await self._edge.idle()

    async def open(self) -> None:
        """Open files and build the APIs. Raises what the parts raise when they cannot start."""
        rules = await asyncio.to_thread(_policy_rules, self._settings)
        if self._settings.image_service == "glance":
            images, identity, image_url, probes = self._open_gateway(rules)
        else:
            images, identity, image_url, probes = await self._open_embedded(rules)
        self.identity = identity
        self._readiness = ReadinessView({"healthcheck": self._probe_health, **probes})
        operations = Operations(
            images,
            metadata_items=_no_limit_below_zero(self._settings.quota.metadata_items),
            policy=ComputePolicy(rules),
        )
        self._compute = ComputeAPI(operations, identity, image_url, _options(self._settings))

    def _open_gateway(self, rules: PolicyRules | None) -> _Parts:
        from glimpse.app.gateway import open_gateway  # noqa: PLC0415  loads only when it is the mode

        images, identity, _ = open_gateway(self._settings, rules)
        self._closers += [images, identity]
        probes: dict[str, HealthCheck] = {"glance": images.ping}
        if not isinstance(identity, NoAuthIdentity):
            probes["keystone"] = identity.ping

        async def image_url(_base_url: str) -> str:
            return await images.base_url()

        return _Parts(images, identity, image_url, probes)

    async def _open_embedded(self, rules: PolicyRules | None) -> _Parts:
        settings = self._settings
        anyio.current_time()  # loads what streaming needs: 17 ms, for which others would wait later
        images = EmbeddedImageService.open(
            settings.server.state_dir,
            image_size_cap=settings.embedded.image_size_cap,
            permissions=Permissions(rules),
        )
        self._closers.append(images)
        await images.recover()
        probes: dict[str, HealthCheck] = {
            "catalog": partial(check_catalog, settings.server.state_dir),
            "data": partial(check_data, settings.server.state_dir),
        }
        identity: Identity
        if settings.api.auth_strategy == "noauth":
            identity = NoAuthIdentity()
        elif settings.api.auth_strategy == "keystone":
            from glimpse.app.gateway import open_keystone, open_session  # noqa: PLC0415  as above

            identity = keystone = open_keystone(settings, open_session(settings))
            probes["keystone"] = keystone.ping
        else:
            embedded = EmbeddedIdentity.open(
                settings.server.state_dir,
                token_expiration=settings.embedded.token_expiration,
                region_name=settings.embedded.region_name,
            )
            probes["identity"] = partial(check_identity, settings.server.state_dir)
            self._mounts[IDENTITY_PREFIX] = RequestIdMiddleware(identity_api(embedded))
            identity = embedded
        self._closers.append(identity)
        self._mounts[IMAGE_PREFIX] = RequestIdMiddleware(image_api(images, identity), PRIVATE)

        async def image_url(base_url: str) -> str:
            return base_url + IMAGE_PREFIX

        return _Parts(images, identity, image_url, probes)

    def copy_cache(self, other: "Application") -> None:
        """Know what `other`, whose place this one takes, knows of tokens. Both are open."""
        if self.identity is not None and other.identity is not None:
            self.identity.copy_cache(other.identity)

    async def _probe_health(self) -> str | None:
        """A process that is told to want no requests, or can take none, is not ready for any."""
        if not DESCRIPTORS.check():
            return "too few file descriptors are left"
        results = self._health.check(self._settings.server.port)
        return next((result.reason for result in results if not result.available), None)

    async def close(self) -> None:
        """Close what `open` opened."""
        for part in reversed(self._closers):
            await part.close()
        self._closers.clear()

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._compute is None:
            await self.open()  # a server without lifespan events
        path = scope["path"]
        if not path.startswith("/v2"):
            if self._health.answers(scope):
                current_context.get().operation = "healthcheck"
                await self._health(scope, send)
                return
            if path == READINESS_PATH:
                current_context.get().operation = "readiness"
                await self._readiness(scope, send)
                return
        refusal = self._hosts.refusal(scope) if self._hosts is not None else None
        if refusal is not None:
            await send_plain(send, 403, refusal)
            return
        if not path.startswith("/v2"):
            if "//" in path:  # what a client puts after a base URL that ends in a slash
                path = _REPEATED_SLASHES.sub("/", path)
            for prefix, app in self._mounts.items():
                if path == prefix or path.startswith(prefix + "/"):
                    inner = {**scope, "path": path, "root_path": scope["root_path"] + prefix}
                    await app(inner, receive, send)
                    return
        await self._compute(scope, receive, send)  # type: ignore[misc]  # opened above


def build(settings: Settings, observer: Observer = NULL_OBSERVER) -> Application:
    """The application for these settings; nothing is opened before it is asked to serve."""
    return Application(settings, observer)


def _allowed_hosts(settings: Settings) -> AllowedHosts | None:
    """What requests are checked by where a token says nothing; None where it does."""
    if settings.api.auth_strategy != "noauth":
        return None
    return AllowedHosts(
        settings.server.host,
        settings.api.noauth_allowed_hosts,
        trust_proxy_headers=settings.middleware.enable_proxy_headers_parsing,
    )


def _no_limit_below_zero(number: int) -> int:
    return number if number >= 0 else sys.maxsize


def _options(settings: Settings) -> ComputeOptions:
    return ComputeOptions(
        advertised_microversion=parse_microversion(settings.api.advertised_microversion),
        max_microversion=parse_microversion(settings.api.max_microversion),
        max_body_size=settings.middleware.max_request_body_size,
        compute_link_prefix=_url_or_none(settings.api.compute_link_prefix),
        glance_link_prefix=_url_or_none(settings.api.glance_link_prefix),
        sunset=settings.api.sunset,
        etags=settings.image_service == "embedded",
        serve_removed=settings.api.serve_removed_microversions,
    )


def _url_or_none(text: str | None) -> str | None:
    """A link prefix that has a scheme and a host; None for an empty one. Raises ValueError."""
    if not text:
        return None
    parts = urlsplit(text)
    if not (parts.scheme and parts.netloc):
        raise ValueError(f"{text!r} is no URL: a link prefix needs a scheme and a host.")
    return text


def _policy_rules(settings: Settings) -> PolicyRules | None:
    """The operator's policy rules; None without policy files. Raises BadPolicyFile."""
    if settings.policy.policy_file is None and not settings.policy.policy_dirs:
        return None
    from glimpse.app.policy_files import PolicyFiles  # noqa: PLC0415  oslo.policy loads slowly

    return PolicyFiles(settings.policy.policy_file, settings.policy.policy_dirs)
