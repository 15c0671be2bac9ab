"""Endpoint: the servers of Glance, from the options or from Keystone's service catalog."""

import logging
from collections.abc import Sequence
from typing import Protocol

from glimpse.glance.api_servers import ApiServers, is_url
from glimpse.glance.options import GlanceOptions
from glimpse.identity.service import IdentityUnavailable
from glimpse.images.errors import Unavailable
from glimpse.upstream.single_flight import SingleFlight

_log = logging.getLogger(__name__)


class ServiceCatalog(Protocol):
    """Keystone's service catalog. `identity.keystone.ServiceSession` implements this protocol."""

    async def fetch_endpoint(
        self, service_type: str, interfaces: Sequence[str], region_name: str | None
    ) -> str:
        """Return the URL of a service's endpoint.

        `service_type` is ``image``, for example. `interfaces`, such as ``internal`` and ``public``,
        are tried in their order. Only endpoints in the region `region_name` count. If `region_name`
        is None, endpoints of all regions count. Raises IdentityUnavailable if Keystone is
        unavailable or refuses the login, or if the catalog has no such endpoint.
        """
        ...


class Endpoint:
    """Finds the servers of Glance: in `options.api_servers`, or else in Keystone's catalog.

    The catalog is read when the servers are first needed, and the first usable URL is kept. Until
    then, each call reads the catalog again, but concurrent calls share one look-up. `catalog` is
    None if there is no Keystone.
    """

    def __init__(self, options: GlanceOptions, catalog: ServiceCatalog | None = None) -> None:
        self._options = options
        self._catalog = catalog
        self._servers: ApiServers | None = None
        self._look_up = SingleFlight(self._find_servers)

    async def servers(self) -> ApiServers:
        """Return the servers: after the first success, the same object each time.

        If `options.api_servers` is empty, looks the servers up in the catalog. This look-up raises
        Unavailable if there is no catalog, or if the catalog cannot be read or has no usable URL of
        Glance. The next call tries again. Only the catalog's own timeouts limit the time.
        """
        return self._servers or await self._look_up.join()

    async def _find_servers(self) -> ApiServers:
        urls = self._options.api_servers
        if not urls and self._catalog is not None:
            urls = (await self._read_catalog(self._catalog),)
        if not urls:
            raise Unavailable("No Image service is configured.")
        self._servers = ApiServers(urls, self._options.server_backoff)
        return self._servers

    async def _read_catalog(self, catalog: ServiceCatalog) -> str:
        """Return the URL of Glance in the catalog.

        Raises Unavailable if the catalog cannot be read or does not have the service. For a URL for
        which `is_url` is False, logs the URL and raises Unavailable.
        """
        options = self._options
        try:
            url = await catalog.fetch_endpoint(
                options.service_type, options.valid_interfaces, options.region_name
            )
        except IdentityUnavailable as error:
            raise Unavailable(f"Where the Image service is cannot be found out: {error}") from None
        if not is_url(url):
            _log.error(
                "Keystone's catalog has no usable URL of Glance, but %.200r: correct it there, or "
                "set [glance] endpoint_override.",
                url,
            )
            raise Unavailable("Keystone's catalog names no URL of the Image service.")
        return url

    def close(self) -> None:
        """Cancel a look-up in progress. Calls that wait for the look-up get CancelledError."""
        self._look_up.close()
