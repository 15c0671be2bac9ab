"""ApiListener: a port on which ``glimpse serve`` listens for requests to its APIs."""

from typing import NamedTuple

from glimpse.settings import Settings


class ApiListener(NamedTuple):
    """A port, the API that it is for, and the option of section [glimpse] that sets the port."""

    port: int
    api: str
    option: str


def api_listeners(settings: Settings) -> list[ApiListener]:
    """Return the port of the Compute API, and the ports of the Image and Identity APIs if set.

    The order is Compute, Image, Identity. An Image or Identity API without a port of its own is
    left out, because it shares the Compute API's port. Port 0 of the Compute API means any free
    port. The port for metrics is not included.
    """
    server = settings.server
    found = [ApiListener(server.port, "Compute API", "port")]
    if server.image_port is not None:
        found.append(ApiListener(server.image_port, "Image API", "image_port"))
    if server.identity_port is not None:
        found.append(ApiListener(server.identity_port, "Identity API", "identity_port"))
    return found
