"""What goes another way than recorded because this Glance keeps its images in SQLite.

The recordings' Glance kept them in MariaDB, which compares texts without regard to case. Glimpse
passes filters and ids on as they are, so the database behind decides.
"""

import re
from dataclasses import replace

from tests.golden.compare import Expected, TextMatching
from tests.golden.exchanges import Exchange
from tests.golden.oracle import SHOWN, Document, Oracle, Target, parse_target
from tests.golden.repairs import Repair

_ATTRIBUTES = {"name": "name", "type": "image_type", "server": "instance_uuid", "status": "status"}
_IN_CAPITALS = re.compile(r"(?=.*[A-F])[0-9A-F-]{36}")
_COMPUTE_STATUSES = {*SHOWN.values(), "UNKNOWN"}  # what Glimpse itself translates, in any case


def matches_exactly(image: Document, asked: Target) -> bool:
    """Whether the texts that a query filters by are in the image letter by letter."""
    return all(_is(image, name, asked.last(name) or "") for name, _ in asked.query)


def _is(image: Document, name: str, value: str) -> bool:
    property_name = name.removeprefix("property-")
    attribute = property_name if property_name != name else _ATTRIBUTES.get(name)
    if attribute is None or (name == "status" and value.upper() in _COMPUTE_STATUSES):
        return True
    wanted = value.rsplit("/", 1)[-1] if name == "server" else value
    found = image.get(attribute)
    return not isinstance(found, str) or found.lower() != wanted.lower() or found == wanted


def _case(exchange: Exchange, response: Expected, oracle: Oracle) -> Expected | None:
    """Of a list, expect only what matches with regard to case; limits are not recorded with it."""
    asked = parse_target(exchange)
    if not asked or not asked.is_list or response.status != 200 or exchange.method != "GET":
        return None
    listed = [oracle.image(image["id"]) for image in response.body["images"]]
    kept = {image["id"] for image in listed if matches_exactly(image, asked)}
    if len(kept) == len(listed):
        return None
    images = [image for image in response.body["images"] if image["id"] in kept]
    return response.with_body({**response.body, "images": images})


def _id(exchange: Exchange, response: Expected, _oracle: Oracle) -> Expected | None:
    """Expect an image, or a marker, whose id is written in capitals not to be found."""
    asked = parse_target(exchange)
    if not asked or response.status >= 400:
        return None
    image_id = asked.last("marker") if asked.is_list else asked.parts[0]
    if image_id is None or not _IN_CAPITALS.fullmatch(image_id):
        return None
    status, name, words = 404, "itemNotFound", "Image not found."
    if asked.is_list:
        status, name, words = 400, "badRequest", "No image found with ID"
    fault = {name: {"code": status, "message": TextMatching(words)}}
    kind = {"content-type": ["application/json; charset=UTF-8"], "content-length": ["0"]}
    changed = response.with_body(fault, status)
    return replace(changed, headers={**response.headers, **kind})


ALLOWED = (
    Repair("case, by SQLite", "the case of letters counts in filters", _case),
    Repair("case of ids, by SQLite", "and in ids", _id),
)
