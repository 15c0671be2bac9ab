"""Differences from the recordings that are due to the database of the Glance here.

The Glance of the recordings used MariaDB, which compares text without regard to case. Glimpse
passes filters and ids to Glance, or to its database, unchanged. SQLite stores keys of any length.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from tests.golden.compare import Expected, TextMatching
from tests.golden.exchanges import Exchange
from tests.golden.oracle import SHOWN, Document, Oracle, Target, parse_target, properties
from tests.golden.repairs import Repair

_ATTRIBUTES = {"name": "name", "type": "image_type", "server": "instance_uuid", "status": "status"}
_IN_CAPITALS = re.compile(r"(?=.*[A-F])[0-9A-F-]{36}")
_MAX_KEY_LENGTH = 255  # characters, of Glance's column
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
    if target.is_list:
        return _fault(response, 400, "badRequest", "No image found with ID")
    return _fault(response, 404, "itemNotFound", "Image not found.")


def _fault(response: Expected, status: int, name: str, words: str) -> Expected:
    """Return the expected response with a fault whose message has these words."""
    fault = {name: {"code": status, "message": TextMatching(words)}}
    kind = {"content-type": ["application/json; charset=UTF-8"], "content-length": ["0"]}
    changed = response.with_body(fault, status)
    return replace(changed, headers={**response.headers, **kind})


def _written_keys(exchange: Exchange, response: Expected) -> Iterator[str]:
    """Yield the keys that a valid request writes, if the recorded Glance failed to store them."""
    target = parse_target(exchange)
    is_repaired = exchange.status == 500 and response.status == 200
    if not target or not target.is_metadata or not exchange.body or not is_repaired:
        return
    body = json.loads(exchange.body)
    yield from body.get("metadata") or body.get("meta") or ()


def _long_key(exchange: Exchange, response: Expected, _oracle: Oracle) -> Expected | None:
    """Expect that a key that is too long for a column is refused."""
    if all(len(key) <= _MAX_KEY_LENGTH for key in _written_keys(exchange, response)):
        return None
    return _fault(response, 400, "badRequest", "has more than 255 characters")


def _key_case(exchange: Exchange, response: Expected, oracle: Oracle) -> Expected | None:
    """Expect that a key is refused which differs only in case from one of the image."""
    keys = [*_written_keys(exchange, response)]
    target = parse_target(exchange)
    if not keys or not target:
        return None
    known = properties(oracle.image(target.parts[0].lower()))
    if not any(key.lower() == each.lower() and key != each for key in keys for each in known):
        return None
    return _fault(response, 400, "badRequest", "cannot tell the key")


def _order(exchange: Exchange, response: Expected, oracle: Oracle) -> Expected | None:
    """Expect a list in the order of names, descending, as PostgreSQL has it: null is first."""
    target = parse_target(exchange)
    key = target and (target.last("property-sort_key") or "").strip()
    if not target or key != "name" or response.status != 200:
        return None
    limit = int(target.last("limit") or len(oracle.images))
    query = tuple(pair for pair in target.query if pair[0] != "limit")
    shown = oracle.render_list(exchange.token, replace(target, query=query))
    shown.sort(key=lambda image: (image["name"] is None, image["name"] or ""), reverse=True)
    body: Document = {"images": shown[:limit]}
    if limit < len(shown):
        link = TextMatching("[?&]marker=" + shown[limit - 1]["id"])
        body["images_links"] = [{"rel": "next", "href": link}]
    return response.with_body(body)


_CASE = (
    Repair("case, by the database", "the case of letters counts in filters", _case),
    Repair("case of ids, by the database", "and in ids", _id),
)
_LONG_KEY = Repair("long key, by the database", "a key that its column cannot have", _long_key)
# By the database
ALLOWED: Mapping[str, tuple[Repair, ...]] = {
    "sqlite": _CASE,
    "mariadb": (_LONG_KEY, Repair("case of keys, by the database", "keys are alike", _key_case)),
    "postgresql": (*_CASE, _LONG_KEY, Repair("order, by the database", "of null", _order)),
}
