"""ApiListener: a port on which ``glimpse serve`` listens for requests to its APIs."""

from typing import NamedTuple

from glimpse.settings import Settings


class ApiListener(NamedTuple):
    """A port, the API that it is for, and the option of [glimpse] that sets it."""

    port: int
    api: str
    option: str


def api_listeners(settings: Settings) -> list[ApiListener]:
    """Return the ports of the APIs: Compute, then Image and Identity if they have their own.

    A port of 0 is any free one.
    """
    server = settings.server
    found = [ApiListener(server.port, "Compute API", "port")]
    if server.image_port is not None:
        found.append(ApiListener(server.image_port, "Image API", "image_port"))
    if server.identity_port is not None:
        found.append(ApiListener(server.identity_port, "Identity API", "identity_port"))
    return found
