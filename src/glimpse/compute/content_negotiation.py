"""Content negotiation: the media type of a response, and the API version named beside it.

The Compute API has rules of its own here, older than those of RFC 9110 and case-sensitive.
"""

import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.request import parse_http_list

JSON = "application/json"
COMPUTE_JSON = "application/vnd.openstack.compute+json"
JSON_TYPES = (JSON, COMPUTE_JSON)
# Named as the type of version documents if a client prefers it; their content is JSON even so.
ATOM = "application/atom+xml"

# Accept headers of most requests, which need no parsing.
_COMMON_HEADERS = frozenset((b"", b"*/*", JSON.encode()))
_COMMON_RESPONSE_TYPE = JSON.encode()


class Preference(NamedTuple):
    """A media type, and the parameter ``version`` (``2.1``) that the Accept header gave it."""

    content_type: str
    version: str | None = None


def response_type(accept: bytes) -> bytes:
    """Return the Content-Type of an operation's response for an Accept header."""
    if accept in _COMMON_HEADERS:
        return _COMMON_RESPONSE_TYPE
    return preference(accept.decode("latin-1"), JSON_TYPES).content_type.encode()


def preference(accept: str, offers: Sequence[str]) -> Preference:
    """Return the offer to which an Accept header gives the highest quality; JSON for none.

    Of offers with equal quality, the one whose media range has fewer asterisks is returned, and of
    those the first one in `offers`.
    """
    best, best_rank = Preference(JSON), (-1.0, -2)
    ranges = list(_media_ranges(accept))
    for offer in offers:
        for media_range, parameters in ranges:
            quality = _quality(parameters.get("q", "1"))
            rank = (quality, -media_range.count("*"))
            if quality >= best_rank[0] and rank > best_rank and _covers(media_range, offer):
                best, best_rank = Preference(offer, parameters.get("version")), rank
    return best


def version_parameter(content_type: str) -> str | None:
    """Return the parameter ``version`` of a Content-Type header; None without one."""
    return _parameters(content_type.split(";")[1:]).get("version")


def _media_ranges(accept: str) -> Iterator[tuple[str, dict[str, str]]]:
    for part in parse_http_list(accept):
        media_range, *parameters = part.split(";")
        yield media_range.strip(), _parameters(parameters)


def _parameters(parts: Sequence[str]) -> dict[str, str]:
    pairs = (part.partition("=") for part in parts)
    return {name.strip(): value.strip().strip('"') for name, _, value in pairs}


def _quality(text: str) -> float:
    """The value of a parameter ``q``; for text that is not a number, one below all others."""
    with contextlib.suppress(ValueError):
        quality = float(text)
        if not math.isnan(quality):
            return quality
    return -math.inf


def _covers(media_range: str, offer: str) -> bool:
    major, slash, minor = media_range.partition("/")
    if media_range == "*/*":
        return True
    return media_range == offer or bool(slash and minor == "*" and offer.startswith(f"{major}/"))
