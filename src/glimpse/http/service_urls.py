"""ServiceUrls: the URLs of the APIs of this process, for links and the service catalog."""

from dataclasses import dataclass
from typing import NamedTuple

IMAGE_PATH = "/image"
IDENTITY_PATH = "/identity"
_DEFAULT_PORTS = {"http": "80", "https": "443"}


class ServiceUrls(NamedTuple):
    """The URLs of the three APIs, without a version or a slash at the end.

    Clients append the version (``http://host:8774`` -> ``http://host:8774/v2.1``). If this process
    has no Identity API, `identity` is the URL of the Compute API.
    """

    compute: str
    image: str
    identity: str


@dataclass(frozen=True, slots=True)
class ServicePorts:
    """The ports of this process that serve APIs.

    The Compute API's port also serves the other APIs, at IMAGE_PATH and IDENTITY_PATH. `image_port`
    serves only the Image API, and `identity_port` only the Identity API, at the root path; None if
    there is no such port. If `has_identity_api` is False, no port serves the Identity API.
    """

    compute_port: int
    image_port: int | None = None
    identity_port: int | None = None
    has_identity_api: bool = True

    def urls(self, base_url: str, server_port: int | None) -> ServiceUrls:
        """Return the URLs of the APIs for a client that reached this process at `base_url`.

        `server_port` is the port at which the request arrived, None if unknown. Any port other than
        `image_port` and `identity_port` counts as the Compute API's port.

        - The API at `server_port` has the URL `base_url`.
        - Another API with its own port has the same host and its own port.
        - An API without its own port is below the Compute API's URL (``http://host:8774/image``).

        These rules do not hold if the client may be unable to reach other ports. Then `base_url` is
        the Compute API's URL, and all other APIs are below it. That is the case

        - if `server_port` is None
        - if a proxy is in front of the Compute API's port, so that `base_url` has a path, or
          another port than `server_port`

        If there is no Identity API, `identity` is the URL of the Compute API.
        """
        if server_port is None or (self.image_port is None and self.identity_port is None):
            return self._at_paths(base_url)
        host_url, port, path = _split(base_url)
        is_own_port = server_port in (self.image_port, self.identity_port)
        if not is_own_port and (path or port != str(server_port)):
            return self._at_paths(base_url)
        compute = f"{host_url}:{self.compute_port}" if is_own_port else base_url
        image, identity = self._at_paths(compute)[1:]
        if self.image_port is not None:
            image = f"{host_url}:{self.image_port}"
        if self.identity_port is not None:
            identity = f"{host_url}:{self.identity_port}"
        if server_port == self.image_port:
            image = base_url
        elif server_port == self.identity_port:
            identity = base_url
        return ServiceUrls(compute, image, identity)

    def _at_paths(self, base_url: str) -> ServiceUrls:
        """Return the URLs of all APIs below `base_url`, the URL of the Compute API.

        Without an Identity API, `identity` is `base_url`.
        """
        identity = base_url + IDENTITY_PATH if self.has_identity_api else base_url
        return ServiceUrls(base_url, base_url + IMAGE_PATH, identity)


def _split(base_url: str) -> tuple[str, str, str]:
    """Split ``http://host:8774/path`` into ``http://host``, ``8774`` and ``path``.

    If the URL has no port, the second result is the default port of http or https. The third result
    is empty if the URL has no path.
    """
    scheme, _, rest = base_url.partition("://")
    authority, _, path = rest.partition("/")
    host, colon, port = authority.rpartition(":")
    if not (colon and port.isdigit()):  # [::1] has colons, but no port
        host, port = authority, _DEFAULT_PORTS.get(scheme, "")
    return f"{scheme}://{host}", port, path
