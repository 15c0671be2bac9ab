"""Request: the argument of a handler of the Compute API."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from glimpse.compute.microversions import LEGACY_ROOT, Microversion
from glimpse.compute.options import ComputeOptions
from glimpse.compute.views import Links
from glimpse.images import Caller


class Request(NamedTuple):
    """One authenticated request to an operation; built once, after its route was found.

    `headers` have lower-case names. `body` is parsed JSON, None for an empty body and for methods
    that have none. `base_url` is what the client used to reach this server
    (``http://host:8774``), without a slash at the end. `version_root` is ``/v2.1`` or ``/v2``.
    `project_id`, `image_id` and `key` are parts of the path, "" where it has none.
    `microversion` is None in the legacy API. `image_service_url` is the Image service's base URL.

    A named tuple, because a frozen dataclass takes twice as long to make.
    """

    method: str
    headers: Mapping[bytes, bytes]
    query_string: bytes
    body: Any
    caller: Caller
    base_url: str
    version_root: str
    project_id: str
    image_id: str
    key: str
    microversion: Microversion | None
    image_service_url: str
    links: Links
    options: ComputeOptions

    @property
    def is_legacy(self) -> bool:
        """Return True below ``/v2``, the API without microversions, which validates less."""
        return self.version_root == LEGACY_ROOT
