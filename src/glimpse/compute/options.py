"""ComputeOptions: the settings of the Compute API, as one value."""

from dataclasses import dataclass

from glimpse.compute.microversions import Microversion


@dataclass(frozen=True, slots=True)
class ComputeOptions:
    """The options of the Compute API.

    Version documents show `advertised_microversion` as the highest; requests may use up to
    `max_microversion`. A body of more than `max_body_size` bytes is a 413. The link prefixes are
    URLs that replace scheme and host in links; None keeps those. `sunset` is the HTTP date of the
    Sunset header (RFC 8594), None for no header. With `etags`, responses have strong entity tags.
    With `serve_removed`, all microversions have the operations on images, also those that removed
    them.
    """

    advertised_microversion: Microversion
    max_microversion: Microversion
    max_body_size: int
    compute_link_prefix: str | None
    glance_link_prefix: str | None
    sunset: str | None
    etags: bool
    serve_removed: bool
