"""ComputeOptions: the settings of the Compute API, as one value."""

from dataclasses import dataclass

from glimpse.compute.microversions import Microversion


@dataclass(frozen=True, slots=True)
class ComputeOptions:
    """The options of the Compute API. Link prefixes are URLs; `max_body_size` is in bytes.

    `sunset` is the HTTP date of the Sunset header (RFC 8594), None for no header. `etags`: send
    strong entity tags. `serve_removed`: serve images also at microversions that removed them.
    """

    advertised_microversion: Microversion
    max_microversion: Microversion
    max_body_size: int
    compute_link_prefix: str | None
    glance_link_prefix: str | None
    sunset: str | None
    etags: bool
    serve_removed: bool
