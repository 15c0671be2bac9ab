"""Components: the services that embedded mode or gateway mode opens for the pipeline."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from starlette.types import ASGIApp

from glimpse.http.readiness import ReadinessCheck
from glimpse.identity import Identity
from glimpse.images import ImageService
from glimpse.servers.service import ServerService


async def _no_background_work() -> None:
    """Return at once, because there is no background work."""


class Components(NamedTuple):
    """An open image service and identity, with the APIs and readiness checks of their mode.

    - `image_service_url` returns the base URL of the Image service, for links. Its argument is the
      URL at which the client reaches this process's Image API. In embedded mode, the result is the
      argument. In gateway mode, the result is Glance's URL, from the settings or from Keystone's
      catalog. Raises Unavailable if the catalog cannot be read or has no such URL.
    - `readiness_checks` are the checks of `/readiness`, by the name of the component.
    - `image_api` is None if Glance serves the Image API.
    - `identity_api` is None if this process does not serve the Identity API.
    - `servers` is None if the cloud has no servers.
    - `wait_for_background_work` returns when no import runs or waits, and no snapshot is made.

    The caller closes the components with `close`.
    """

    images: ImageService
    identity: Identity
    image_service_url: Callable[[str], Awaitable[str]]
    readiness_checks: Mapping[str, ReadinessCheck]
    image_api: ASGIApp | None = None
    identity_api: ASGIApp | None = None
    servers: ServerService | None = None
    wait_for_background_work: Callable[[], Awaitable[None]] = _no_background_work

    async def close(self) -> None:
        """Close the servers, if there are any, then the identity, then the image service."""
        if self.servers is not None:
            await self.servers.close()
        await self.identity.close()
        await self.images.close()
