"""Microversions: find the microversion of a request; raise a fault for removed operations."""

import functools
import re
from collections.abc import Mapping
from typing import NamedTuple

from glimpse.compute.faults import Fault, no_such_resource
from glimpse.http.responses import Header

LEGACY_ROOT = "/v2"  # the root of the API that has no microversions
_VERSION = re.compile(r"([1-9]\d*)\.([1-9]\d*|0)")


class Microversion(NamedTuple):
    """A version of the Compute API. Versions are compared by number: 2.9 is less than 2.10."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


MINIMUM = Microversion(2, 1)
V2_35 = Microversion(2, 35)  # the last with operations on images
V2_38 = Microversion(2, 38)  # the last with operations on metadata of images


def parse_microversion(text: str) -> Microversion:
    """Parse a version such as ``2.35``.

    Raises ValueError for any other text, such as ``latest``, ``2`` or ``2.05``.
    """
    matched = _VERSION.fullmatch(text)
    if not matched:
        raise ValueError(text)
    return Microversion(int(matched[1]), int(matched[2]))


def requested_microversion(
    headers: Mapping[bytes, bytes], version_root: str, maximum: Microversion
) -> Microversion | None:
    """Return the microversion that the headers of a request name.

    The result is `maximum` for ``latest``, and 2.1 if no header names a microversion. If
    `version_root` is ``/v2``, which has no microversions, returns None and raises nothing. The
    names in `headers` must be in lower case. ``OpenStack-API-Version: compute 2.35`` has precedence
    over ``X-OpenStack-Nova-API-Version: 2.35`` (API microversion guideline). If one header has
    several versions, the last counts.

    Raises a 400 fault if the version is malformed. Raises a 406 fault if the version is below 2.1
    or above `maximum`; the headers of this fault's response name the requested version.
    """
    if version_root == LEGACY_ROOT:
        return None
    header = headers.get(b"openstack-api-version")
    text = None if header is None else _version_of_compute(header)
    if text is None:
        older_header = headers.get(b"x-openstack-nova-api-version")
        if older_header is None:
            return MINIMUM
        text = older_header.decode("latin-1").split(",")[-1].strip()
    if text == "latest":
        return maximum
    try:
        version = parse_microversion(text)
    except ValueError:
        raise Fault(
            400,
            f"API Version String {text} is of invalid format. Must be of format MajorNum.MinorNum.",
        ) from None
    if not MINIMUM <= version <= maximum:
        raise Fault(
            406,
            f"Version {version} is not supported by the API. "
            f"Minimum is {MINIMUM} and maximum is {maximum}.",
            headers=microversion_headers(version),
        )
    return version


def _version_of_compute(header: bytes) -> str | None:
    """Return the last version for ``compute`` in a list of services; None if there is none.

    Example: ``2.35`` for ``volume 3.0, compute 2.35``. The case of the service does not matter. The
    version is not checked.
    """
    for part in reversed(header.decode("latin-1").split(",")):
        service, *version = part.split(maxsplit=1) or [""]
        if service.lower() == "compute" and version:
            return version[0].strip()
    return None


@functools.lru_cache(maxsize=64)
def microversion_headers(microversion: Microversion | None) -> tuple[Header, ...]:
    """Return the two response headers that name `microversion`, and a Vary header for each.

    Returns () for None.
    """
    if microversion is None:
        return ()
    text = str(microversion).encode()
    return (
        (b"openstack-api-version", b"compute " + text),
        (b"x-openstack-nova-api-version", text),
        (b"vary", b"OpenStack-API-Version"),
        (b"vary", b"X-OpenStack-Nova-API-Version"),
    )


def check_not_removed(
    operation: tuple[str, str], last: Microversion, requested: Microversion, successor: str
) -> None:
    """Raise a 404 fault if an operation was removed before the microversion `requested`.

    `last` is the last microversion that has the operation. `operation` is the operation's method
    and path. `successor` is the replacement in the Image API, such as ``GET /v2/images``. The
    message names `operation`, `last` and `successor`. A deployed Compute API only says that the
    path does not exist.
    """
    if requested > last:
        method, path = operation
        raise Fault(
            404,
            f"{no_such_resource().message} {method} {path} of the Compute API ended at "
            f"microversion {last} (asked for: {requested}). "
            f"Use {successor} of the Image API instead.",
        )
