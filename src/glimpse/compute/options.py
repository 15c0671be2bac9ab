"""ComputeOptions: what an operator may set of the Compute API, as one value."""

from dataclasses import dataclass

from glimpse.compute.content_negotiation import requested_microversion
from glimpse.compute.microversions import Microversion


@dataclass(frozen=True, slots=True)
class ComputeOptions:
    """What an operator may set. Prefixes are URLs; `max_body_size` is in bytes.

    `sunset` is an HTTP date to announce, None for none; `etags` adds strong entity tags;
    `serve_removed` answers images at microversions that have them no longer.
    """

    advertised_microversion: Microversion
    max_microversion: Microversion
    max_body_size: int
    compute_link_prefix: str | None = None
    glance_link_prefix: str | None = None
    sunset: str | None = None
    etags: bool = False
    serve_removed: bool = False

    def microversion(self, headers: dict[bytes, bytes], root: str) -> Microversion | None:
        """What the headers of a request below a version root ask for; ``/v2`` has none.

        Raises a fault; see `requested_microversion`.
        """
        return None if root == "/v2" else requested_microversion(headers, self.max_microversion)
