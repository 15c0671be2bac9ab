"""Content negotiation: choose the media type of a response by the Accept header.

The rules are those of a deployed Compute API. Unlike in RFC 9110, case matters. A media type may
have a parameter that names a version of the API (``;version=2.1``).
"""

import contextlib
import math
from collections.abc import Sequence
from typing import NamedTuple

from glimpse.http.accept import parse_accept, parse_media_range

JSON = "application/json"
COMPUTE_JSON = "application/vnd.openstack.compute+json"
JSON_TYPES = (JSON, COMPUTE_JSON)
# The Content-Type of version documents for a client that prefers it; the documents stay JSON.
ATOM = "application/atom+xml"

# Accept headers of most requests, which need no parsing.
_COMMON_HEADERS = frozenset((b"", b"*/*", JSON.encode()))
_COMMON_RESPONSE_TYPE = JSON.encode()


class Preference(NamedTuple):
    """The media type chosen for a response.

    `version` is the parameter ``version`` that the Accept header gives this media type, such as
    ``2.1``; None if the media type has no such parameter.
    """

    content_type: str
    version: str | None = None


def response_type(accept: bytes) -> bytes:
    """Return the Content-Type of an operation's response: JSON, or Compute's own JSON type.

    Returns the type that the Accept header `accept` prefers (see `preference`). Returns JSON if the
    header is empty or matches neither type.
    """
    if accept in _COMMON_HEADERS:
        return _COMMON_RESPONSE_TYPE
    return preference(accept.decode("latin-1"), JSON_TYPES).content_type.encode()


def preference(accept: str, offers: Sequence[str]) -> Preference:
    """Return the media type of `offers` that an Accept header prefers; JSON if none fits.

    The preferred offer has, in this order of importance:

    - the highest quality (``q``);
    - the fewest asterisks in its media range (``application/json`` before ``application/*``);
    - the first place in `offers`.

    Case matters, even for ``q``. If a parameter is repeated, the last one counts. Media ranges are
    ignored if their quality is not a number or is below -1; ``*/*`` is ignored with -1, too. So a
    quality of 0, unlike in RFC 9110, does not exclude an offer.
    """
    best, best_rank = Preference(JSON), (-1.0, -2)
    ranges = [(each.media_type, dict(each.parameters)) for each in parse_accept(accept)]
    for offer in offers:
        for media_range, parameters in ranges:
            quality = _quality(parameters.get("q", "1"))
            rank = (quality, -media_range.count("*"))
            if quality >= best_rank[0] and rank > best_rank and _covers(media_range, offer):
                best, best_rank = Preference(offer, parameters.get("version")), rank
    return best


def version_parameter(content_type: str) -> str | None:
    """Return the parameter ``version`` of a Content-Type header; None if it is missing.

    Example: ``2.1`` for ``application/json;version=2.1``. The media type does not matter. If the
    parameter is repeated, the last one counts.
    """
    return dict(parse_media_range(content_type).parameters).get("version")


def _quality(text: str) -> float:
    """Return the value of a parameter ``q``; minus infinity for text that is not a number.

    A media range with such a quality is never chosen.
    """
    with contextlib.suppress(ValueError):
        quality = float(text)
        if not math.isnan(quality):
            return quality
    return -math.inf


def _covers(media_range: str, offer: str) -> bool:
    """Return True if `media_range` is `offer`, or a range such as ``*/*`` that includes it."""
    major, slash, minor = media_range.partition("/")
    if media_range == "*/*":
        return True
    return media_range == offer or bool(slash and minor == "*" and offer.startswith(f"{major}/"))
