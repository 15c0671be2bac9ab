"""Microversions: which version of the Compute API a request asks for."""

import re
from typing import NamedTuple

from glimpse.compute.faults import Fault

_VERSION = re.compile(r"([1-9]\d*)\.([1-9]\d*|0)")


class Microversion(NamedTuple):
    """A version of the Compute API, compared as a pair of numbers."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


MINIMUM = Microversion(2, 1)
LAST_WITH_IMAGES = Microversion(2, 35)
LAST_WITH_IMAGE_METADATA = Microversion(2, 38)


def parse_microversion(text: str) -> Microversion:
    """Parse ``X.Y``. Raises ValueError."""
    matched = _VERSION.fullmatch(text)
    if not matched:
        raise ValueError(text)
    return Microversion(int(matched[1]), int(matched[2]))


def requested_microversion(headers: dict[bytes, bytes], maximum: Microversion) -> Microversion:
    """The microversion that the request's headers ask for, 2.1 when none does.

    ``OpenStack-API-Version: compute X.Y`` wins over ``X-OpenStack-Nova-API-Version: X.Y`` (API
    microversion guideline). Raises a 400 fault for a malformed one, a 406 outside the range.
    """
    text = _of_compute(headers.get(b"openstack-api-version"))
    if text is None:
        legacy = headers.get(b"x-openstack-nova-api-version")
        if legacy is None:
            return MINIMUM
        text = legacy.decode("latin-1").split(",")[-1].strip()
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
            version=version,
        )
    return version


def _of_compute(header: bytes | None) -> str | None:
    """The version named for compute in ``service X.Y, service X.Y``: the last one that is."""
    for part in reversed((header or b"").decode("latin-1").split(",")):
        service, *version = part.split(maxsplit=1) or [""]
        if service.lower() == "compute" and version:
            return version[0].strip()
    return None
