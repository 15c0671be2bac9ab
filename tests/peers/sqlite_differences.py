"""Differences from the recordings that are due to SQLite, the database of the Glance here.

The Glance of the recordings used MariaDB, which compares text without regard to case. Glimpse
passes filters and ids to Glance unchanged.
"""

import re
from dataclasses import replace

from tests.golden.compare import Expected, TextMatching
from tests.golden.exchanges import Exchange
from tests.golden.oracle import SHOWN, Document, Oracle, Target, parse_target
from tests.golden.repairs import Repair

_ATTRIBUTES = {"name": "name", "type": "image_type", "server": "instance_uuid", "status": "status"}
_IN_CAPITALS = re.compile(r"(?=.*[A-F])[0-9A-F-]{36}")
_COMPUTE_STATUSES = {*SHOWN.values(), "UNKNOWN"}  # Glimpse translates them, in upper or lower case


def matches_exactly(image: Document, target: Target) -> bool:
    """Return True if the image matches all filters of the target with regard to case."""
    return all(_has_value(image, name, target.last(name) or "") for name, _ in target.query)


def _has_value(image: Document, name: str, value: str) -> bool:
    property_name = name.removeprefix("property-")
    attribute = property_name if property_name != name else _ATTRIBUTES.get(name)
    if attribute is None or (name == "status" and value.upper() in _COMPUTE_STATUSES):
        return True
    wanted = value.rsplit("/", 1)[-1] if name == "server" else value
    found = image.get(attribute)
    return not isinstance(found, str) or found.lower() != wanted.lower() or found == wanted


def _case(exchange: Exchange, response: Expected, oracle: Oracle) -> Expected | None:
    """Expect only those images of a list that match with regard to case.

    No recording combines such a filter with a limit.
    """
    target = parse_target(exchange)
    if not target or not target.is_list or response.status != 200 or exchange.method != "GET":
        return None
    listed = [oracle.image(image["id"]) for image in response.body["images"]]
    kept = {image["id"] for image in listed if matches_exactly(image, target)}
    if len(kept) == len(listed):
        return None
    images = [image for image in response.body["images"] if image["id"] in kept]
    return response.with_body({**response.body, "images": images})


def _id(exchange: Exchange, response: Expected, _oracle: Oracle) -> Expected | None:
    """Expect that an image or a marker whose id is in upper case is not found."""
    target = parse_target(exchange)
    if not target or response.status >= 400:
        return None
    image_id = target.last("marker") if target.is_list else target.parts[0]
    if image_id is None or not _IN_CAPITALS.fullmatch(image_id):
        return None
    status, name, words = 404, "itemNotFound", "Image not found."
    if target.is_list:
        status, name, words = 400, "badRequest", "No image found with ID"
    fault = {name: {"code": status, "message": TextMatching(words)}}
    kind = {"content-type": ["application/json; charset=UTF-8"], "content-length": ["0"]}
    changed = response.with_body(fault, status)
    return replace(changed, headers={**response.headers, **kind})


ALLOWED = (
    Repair("case, by SQLite", "the case of letters counts in filters", _case),
    Repair("case of ids, by SQLite", "and in ids", _id),
)
