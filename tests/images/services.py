"""ServiceUnderTest: an ImageService of each kind, for tests that all of them have to pass.

The Glance of GlanceImageService is Glimpse's own Image API on a socket. Its tokens list the
caller's roles.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

import uvicorn

from glimpse.embedded.image_changes import NewImage
from glimpse.embedded.service import EmbeddedImageService
from glimpse.http.request_middleware import RequestMiddleware
from glimpse.http.service_urls import ServicePorts
from glimpse.identity import RequestTarget
from glimpse.identity.noauth import NoAuthIdentity
from glimpse.image_api import image_api
from glimpse.images import Caller, Image, ImageQuery, ImageService, Permissions
from tests.support.memory_image_service import MemoryImageService

_DEFAULT_ROLES = ("member", "reader")


def caller(name: str, roles: tuple[str, ...] = _DEFAULT_ROLES) -> Caller:
    """Return a caller with these roles in the project `name`."""
    return Caller(name, name, frozenset(roles), token=":".join((name, *roles)))


OWNER = caller("demo")
STRANGER = caller("alt")


class RoleIdentity(NoAuthIdentity):
    """An identity that accepts every token: ``project:role:role``."""

    async def authenticate(
        self,
        token: str | None,
        service_token: str | None = None,  # noqa: ARG002  the port's signature
        target: RequestTarget | None = None,  # noqa: ARG002  likewise
    ) -> Caller:
        name, *roles = (token or "").split(":")
        return caller(name, tuple(roles))


class ServiceUnderTest(NamedTuple):
    """The tested `service`, and functions that create images or store them without checks."""

    service: ImageService
    create_image: Callable[[Caller, NewImage], Awaitable[Image]]
    put_image: Callable[[Image], Awaitable[None]]

    async def create(self, name: str = "x", **properties: str) -> Image:
        """Create an image of OWNER's project."""
        return await self.create_image(OWNER, NewImage(name=name, properties=properties))


def memory_service(permissions: Permissions) -> ServiceUnderTest:
    """Return an ImageService in memory, with two images a page."""
    service = MemoryImageService(permissions, page_size=2)

    async def create_image(caller: Caller, new: NewImage) -> Image:
        return service.create_image(
            caller,
            new.name,
            visibility=new.visibility,
            protected=new.protected,
            properties=new.properties,
        )

    return ServiceUnderTest(service, create_image, service.put_image)


@asynccontextmanager
async def serve_image_api(store: EmbeddedImageService) -> AsyncIterator[str]:
    """Serve the Image API of `store` on a free port; yield its URL."""
    api = RequestMiddleware(
        image_api(store, RoleIdentity()),
        ports=ServicePorts(8774),
        trust_proxy_headers=False,
        access_log=False,
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(api, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve([listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


async def list_ids(
    tested: ServiceUnderTest, query: ImageQuery, caller: Caller = OWNER
) -> tuple[list[str], bool]:
    """Return the ids in a list, and True if the list has been cut by its limit."""
    pages = [page async for page in tested.service.list_images(caller, query)]
    assert [page.is_last for page in pages] == [False] * (len(pages) - 1) + [True]
    return [image.id for page in pages for image in page.images], pages[-1].has_more
