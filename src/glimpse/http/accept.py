"""The Accept header (RFC 9110, 12.5.1): its media ranges, and the offer they rate highest.

`parse_accept` is the only parser. `best_offer` selects as WebOb does, for what WebOb renders: the
health check of oslo.middleware, the faults of the Image API, and Compute's responses to requests
that reach no operation. All other responses of Compute follow a rule of its own, in
`compute.content_negotiation`.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_VALUE = rf'(?:{_WORD}|"(?:[^"\\]|\\.)*")'
_WEIGHT = r"[ \t]*;[ \t]*[qQ]=(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)"
_WELL_FORMED = re.compile(
    rf"(?:{_WORD}/{_WORD}(?:[ \t]*;[ \t]*(?![qQ]=){_WORD}={_VALUE})*"
    rf"(?:{_WEIGHT}(?:[ \t]*;[ \t]*{_WORD}(?:={_VALUE})?)*)?)?"
)
# The text up to a separator. One in double quotes does not separate; a quote that is not closed
# extends to the end.
_QUOTED = r'"(?:[^"\\]|\\.)*"?'
_ELEMENT = re.compile(rf'(?:\A|,)((?:[^,"]|{_QUOTED})*)', re.DOTALL)
_PIECE = re.compile(rf'(?:\A|;)((?:[^;"]|{_QUOTED})*)', re.DOTALL)


class MediaRange(NamedTuple):
    """An element of an Accept header, or any text in place of one; the case is as sent.

    `parameters` are names and values in the order in which they were sent, without the quotes
    around a value; one without ``=`` has an empty value. The one named ``q`` is the weight; it is
    not parsed, since APIs differ in what they accept. `is_well_formed` is True for what RFC 9110
    allows, also for an empty element (5.6.1).
    """

    media_type: str
    parameters: Sequence[tuple[str, str]]
    is_well_formed: bool


def parse_accept(accept: str) -> list[MediaRange]:
    """Split an Accept header into media ranges. Takes any text, in time proportional to it.

    An empty header gives one range, whose media type is empty.
    """
    return [parse_media_range(element) for element in _ELEMENT.findall(accept)]


def parse_media_range(text: str) -> MediaRange:
    """Split a media range, or a media type such as a Content-Type header, into its parts.

    Takes any text, in time proportional to it.
    """
    media_type, *parameters = _PIECE.findall(text)
    return MediaRange(
        media_type.strip(),
        [_parse_parameter(parameter) for parameter in parameters],
        _WELL_FORMED.fullmatch(text.strip(" \t")) is not None,
    )


def best_offer(accept: str, offers: Sequence[str]) -> str | None:
    """Return the media type of `offers` that the header rates highest, the first of equals.

    Returns None if no offer is acceptable, also for an empty header: pass ``*/*`` for a missing
    one. If any media range is malformed, returns ``offers[0]``. The offers are in lower case; the
    case of the header does not matter.

    The weight of an offer is that of the most specific media range that matches it; of equal ranges
    the first counts. ``text/html;level=1`` matches no offer, because of its parameter, but
    ``text/*;level=1`` matches as ``text/*`` does.
    """
    ranges = parse_accept(accept)
    if not all(media_range.is_well_formed for media_range in ranges):
        return offers[0]
    weights: dict[str, float] = {}
    for media_type, parameters, _ in ranges:
        has_parameters = bool(parameters) and parameters[0][0].lower() != "q"
        if media_type.endswith("/*") or not has_parameters:
            weights.setdefault(media_type.lower(), _weight(parameters))
    best: str | None = None
    best_weight = 0.0
    for offer in offers:
        patterns = (offer, offer.partition("/")[0] + "/*", "*/*")
        weight = next((weights[pattern] for pattern in patterns if pattern in weights), 0.0)
        if weight > best_weight:
            best, best_weight = offer, weight
    return best


def _parse_parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    value = value.strip()
    is_quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return name.strip(), value[1:-1] if is_quoted else value


def _weight(parameters: Sequence[tuple[str, str]]) -> float:
    return next((float(value) for name, value in parameters if name.lower() == "q"), 1.0)
