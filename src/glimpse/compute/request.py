"""Request: the argument of a handler of the Compute API."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from glimpse.compute.links import LinkBases
from glimpse.compute.microversions import LEGACY_ROOT, Microversion
from glimpse.compute.options import ComputeOptions
from glimpse.images import Caller


# A named tuple, because a frozen dataclass takes twice as long to make.
class Request(NamedTuple):
    """An authenticated request to an operation.

    `headers` have lower-case names. `body` is parsed JSON; None for an empty body and for GET and
    DELETE. `base_url` is the URL by which the client reached Glimpse, without a slash at the end
    (``http://host:8774``). `version_root` is ``/v2.1`` or ``/v2``. `microversion` is None below
    ``/v2``. `link_bases` makes the links of the response.

    `project_id`, `resource_id` (the id of an image, a server or a flavor) and `key` (of metadata)
    are parts of the path. Each is "" if the path does not have that part.
    """

    method: str
    headers: Mapping[bytes, bytes]
    query_string: bytes
    body: Any
    caller: Caller
    base_url: str
    version_root: str
    project_id: str
    resource_id: str
    key: str
    microversion: Microversion | None
    link_bases: LinkBases
    options: ComputeOptions

    @property
    def is_legacy(self) -> bool:
        """True below ``/v2``, the older API, which has no microversions and validates less."""
        return self.version_root == LEGACY_ROOT
