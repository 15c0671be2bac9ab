"""The Accept header (RFC 9110, 12.5.1): parse it, and choose the media type of a response.

`parse_accept` is the only parser. `best_offer` chooses as WebOb does, for responses that WebOb
renders in OpenStack: the health check, the faults of the Image API, and Compute's responses to
requests that reach no operation. The rule for all other responses of Compute is in
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
# The text up to a separator. A separator in double quotes does not count. A quoted text without a
# closing quote extends to the end.
_QUOTED = r'"(?:[^"\\]|\\.)*"?'
_ELEMENT = re.compile(rf'(?:\A|,)((?:[^,"]|{_QUOTED})*)', re.DOTALL)
_PIECE = re.compile(rf'(?:\A|;)((?:[^;"]|{_QUOTED})*)', re.DOTALL)


class MediaRange(NamedTuple):
    """An element of an Accept header (``text/html;q=0.5``), which may be malformed.

    `media_type` and `parameters` are in the case and the order in which the client sent them.
    `parameters` has pairs of name and value. Quotes around a value are removed. The value is empty
    if the parameter has no ``=``. The weight is the parameter ``q``. Its value is not checked,
    because APIs differ in the values that they accept. `is_well_formed` is True if RFC 9110 allows
    the element. An empty element is allowed (5.6.1).
    """

    media_type: str
    parameters: Sequence[tuple[str, str]]
    is_well_formed: bool


def parse_accept(accept: str) -> list[MediaRange]:
    """Split an Accept header into media ranges, in their order.

    Takes any text, and raises no errors. An empty header gives one range with an empty media type.
    The time is proportional to the length of the header.
    """
    return [parse_media_range(element) for element in _ELEMENT.findall(accept)]


def parse_media_range(text: str) -> MediaRange:
    """Split a media range, or the media type of a Content-Type header, into its parts.

    Takes any text, and raises no errors. The time is proportional to the length of the text.
    """
    media_type, *parameters = _PIECE.findall(text)
    return MediaRange(
        media_type.strip(),
        [_parse_parameter(parameter) for parameter in parameters],
        _WELL_FORMED.fullmatch(text.strip(" \t")) is not None,
    )


def best_offer(accept: str, offers: Sequence[str]) -> str | None:
    """Return the media type of `offers` to which the Accept header gives the highest weight.

    If several offers have that weight, returns the first of them. If any media range is malformed,
    returns ``offers[0]``. If every offer has the weight 0, returns None. `offers` must not be
    empty, and must be in lower case. The case of the header does not matter.

    The weight of an offer is that of the most specific media range that matches the offer, or 0 if
    none matches. An empty `accept` matches no offer: pass ``*/*`` for a request without an Accept
    header. If a media range is repeated, the first one counts. ``text/html;level=1`` matches no
    offer because it has a parameter. In ``text/*;level=1``, the parameter is ignored.
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
