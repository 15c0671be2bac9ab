"""ComputeOptions: the settings of the Compute API, as one value."""

from dataclasses import dataclass

from glimpse.compute.microversions import Microversion


@dataclass(frozen=True, slots=True)
class ComputeOptions:
    """The options of the Compute API.

    Version documents name `advertised_microversion` as the highest microversion. Requests may use
    microversions up to `max_microversion`. A request body of more than `max_body_size` bytes gets a
    413 response, except in version discovery, which ignores such a body.

    `compute_link_prefix` and `glance_link_prefix` are URLs that replace the scheme and host of
    links to the Compute API and to the Image API. None keeps the scheme and host. `sunset` is the
    HTTP date of the header Sunset (RFC 8594); None sends no such header. With `etags`, successful
    responses of operations with GET have strong entity tags, except lists that are streamed.

    Compute removed the operations on images after microversion 2.35, and those on image metadata
    after 2.38. With `serve_removed`, all of them work at every microversion.
    """

    advertised_microversion: Microversion
    max_microversion: Microversion
    max_body_size: int
    compute_link_prefix: str | None
    glance_link_prefix: str | None
    sunset: str | None
    etags: bool
    serve_removed: bool
