"""Negotiation: which type of answer, and which version of the API, the headers ask for.

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
ATOM = "application/atom+xml"  # announced for version documents to who prefers it; they are JSON


class Preference(NamedTuple):
    """The type of the answer, and the version that was named with it (``2.1``), if one was."""

    content_type: str
    version: str | None = None


_USUAL = frozenset(("", "*/*", JSON))  # what clients mostly send is not worth parsing each time
_PLAIN = Preference(JSON)


def preference(accept: str, offers: Sequence[str] = JSON_TYPES) -> Preference:
    """The offer that an Accept header rates highest, the first of equals; JSON if it has none.

    Of equal ratings the one with fewer asterisks wins.
    """
    if accept in _USUAL and offers is JSON_TYPES:
        return _PLAIN
    best, best_rank = _PLAIN, (-1.0, -2)
    ranges = list(_ranges(accept))
    for offer in offers:
        for media_range, parameters in ranges:
            quality = _quality(parameters.get("q", "1"))
            rank = (quality, -media_range.count("*"))
            if quality >= best_rank[0] and rank > best_rank and _covers(media_range, offer):
                best, best_rank = Preference(offer, parameters.get("version")), rank
    return best


def version_parameter(content_type: str) -> str | None:
    """The parameter ``version`` of a Content-Type header."""
    return _parameters(content_type.split(";")[1:]).get("version")


def _ranges(accept: str) -> Iterator[tuple[str, dict[str, str]]]:
    for part in parse_http_list(accept):
        media_range, *parameters = part.split(";")
        yield media_range.strip(), _parameters(parameters)


def _parameters(parts: Sequence[str]) -> dict[str, str]:
    pairs = (part.partition("=") for part in parts)
    return {name.strip(): value.strip().strip('"') for name, _, value in pairs}


def _quality(text: str) -> float:
    """The number that the text is; less than any that counts where it is none."""
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
