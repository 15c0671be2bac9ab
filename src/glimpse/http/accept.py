"""Content negotiation by the Accept header (RFC 9110, 12.5.1).

Not shared with the Compute and Image APIs, whose rules differ: Compute's are case-sensitive and
know a version parameter, and the Image API ignores malformed ranges.
"""

import re
from collections.abc import Sequence

_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_PARAMETER = rf'\s*;\s*{_WORD}(?:=(?:{_WORD}|"(?:[^"\\]|\\.)*"))?'
_RANGE = re.compile(rf"\s*(?:{_WORD}/{_WORD}(?:{_PARAMETER})*)?\s*")
_WEIGHT = re.compile(r"0(?:\.\d{0,3})?|1(?:\.0{0,3})?", re.ASCII)


def best_offer(accept: str, offers: Sequence[str]) -> str | None:
    """Return the media type of `offers` that the header rates highest, the first of equals.

    Returns None if none is acceptable, as with an empty header. A media range with other parameters
    than q matches nothing. A malformed header accepts everything.
    """
    if not all(_is_well_formed(part) for part in accept.split(",")):
        return offers[0]
    ranges = [parsed for part in accept.split(",") if (parsed := _parse_range(part))]
    best: str | None = None
    best_quality = 0.0
    for offer in offers:
        quality = _quality(offer, ranges)
        if quality > best_quality:
            best, best_quality = offer, quality
    return best


def _is_well_formed(text: str) -> bool:
    """Return True for a media range with valid parameters and weight, and for an empty text."""
    weights = (part.strip()[2:] for part in text.split(";")[1:] if part.strip()[:2] in ("q=", "Q="))
    return bool(_RANGE.fullmatch(text)) and all(_WEIGHT.fullmatch(weight) for weight in weights)


def _parse_range(text: str) -> tuple[str, float] | None:
    """Return a media range in lower case and its quality; None for one that matches nothing."""
    media_range, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() != "q":
            return None
        try:
            quality = min(1.0, max(0.0, float(value)))
        except ValueError:
            return None
    return (media_range, quality) if media_range else None


def _quality(offer: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Return the quality of the most specific range that matches `offer`, 0 if none does."""
    for pattern in (offer, offer.partition("/")[0] + "/*", "*/*"):
        qualities = [quality for media_range, quality in ranges if media_range == pattern]
        if qualities:
            return max(qualities)
    return 0.0
