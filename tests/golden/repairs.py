"""Repairs: the expected responses where the recorded Compute was wrong.

Each repair is a function that returns the expected response to an exchange, or None if the
recorded one is expected. Their numbers, R1 to R9, are those in docs/differences.md. R3 (lost
writes) needs two clients, and R8 a failing Image service: a replay cannot show them.
"""

import html
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from tests.golden.compare import Expected, TextMatching
from tests.golden.exchanges import Exchange
from tests.golden.oracle import BASE, DECODED, Oracle, Target, is_json, parse_target, properties

ADVERTISED = "2.35"  # R7: in version documents, by default
IMAGES_END, METADATA_END = 35, 38  # the last minor versions with these operations
_SCHEMA_MESSAGE = re.compile(
    r"Invalid input for|is a required property|is not of type|^Additional properties are not"
    r"|does not match any|has too many properties|should be non-empty|^HTTP 4\d\d |&quot;|&#x27;"
)
_NAMED = re.compile(
    r"query parameters ([\w-]+)|field/attribute ([\w.:-]{1,40})\.|^'(\w+)' is a required"
    r"|\('(\w+)' was unexpected|&quot;(\w+)&quot;|image (\S+) not visible|with ID (\S+)"
)
_NAMES = {"updated_at": "changes-since|updated_at"}  # Compute's name and the Image service's
# Errors of the recorded Image service for metadata that is valid: one about the form of Compute's
# patch, and one about characters that its database could not store.
_VALID_METADATA = re.compile("Invalid operation: `move`|4 byte unicode")
_PLAIN_404 = "The resource could not be found."


class Repair(NamedTuple):
    """A repair. `expected` returns the repaired response, or None if it does not apply."""

    number: str
    summary: str
    expected: Callable[[Exchange, Expected, Oracle], Expected | None]


def apply_repairs(
    exchange: Exchange, response: Expected, oracle: Oracle, more: Iterable[Repair] = ()
) -> tuple[Expected, list[str]]:
    """Apply REPAIRS and `more`; return the expected response and the numbers that apply.

    If a repair changes the response, a replay that returns the recorded one fails.
    """
    numbers: list[str] = []
    for repair in (*REPAIRS, *more):
        changed = repair.expected(exchange, response, oracle)
        if changed is not None and changed != response:
            response = changed
            numbers.append(repair.number)
    return response, numbers


def _filters_and_statuses(
    exchange: Exchange, response: Expected, oracle: Oracle, *, applies: Callable[[Target], bool]
) -> Expected | None:
    """Expect the list of the oracle, if `applies` is true for the target of a list."""
    target = parse_target(exchange)
    if not target or not target.is_list or exchange.method != "GET" or not applies(target):
        return None
    if response.status not in (200, 500) and not _unknown_to_glance(exchange):
        return None
    images, more = oracle.select_images(exchange.token, target)
    if response.status == 200 and _ids(response.body) == [image["id"] for image in images]:
        return None
    body: dict[str, Any] = {"images": oracle.render_list(exchange.token, target)}
    if more:
        body["images_links"] = [
            {"rel": "next", "href": TextMatching("[?&]marker=" + images[-1]["id"])}
        ]
    return _success(response, body)


def _unknown_to_glance(exchange: Exchange) -> bool:
    """Return True if the Image service rejected a filter that Glimpse does not send."""
    refused = str(exchange.glance_errors or "")
    return bool(refused) and exchange.status == 400 and "unknown operator" not in refused


def _ids(body: Any) -> list[str]:
    return [image["id"] for image in body["images"]] if isinstance(body, dict) else []


def _is_prefix_stripped(target: Target) -> bool:
    """Return True if R1 applies: Compute strips the letters of ``property-``, not the prefix."""
    names = [name for name, _ in target.query if name.startswith("property-")]
    return any(name.lstrip("property-") != name.removeprefix("property-") for name in names)  # noqa: B005  what Compute does by mistake


def _property_filter(exchange: Exchange, response: Expected, oracle: Oracle) -> Expected | None:
    target = parse_target(exchange)
    for attribute, fold in (("os_hidden", str.lower), ("protected", str)):
        value = target.last(f"property-{attribute}") if target else None
        if value is not None and fold(value) not in ("true", "false"):
            return _fault(_as_fault(response), 400, "badRequest", attribute)
    return _filters_and_statuses(exchange, response, oracle, applies=_is_prefix_stripped)


def _status_filter(exchange: Exchange, response: Expected, oracle: Oracle) -> Expected | None:
    return _filters_and_statuses(
        exchange, response, oracle, applies=lambda target: target.last("status") is not None
    )


def _next_link(exchange: Exchange, response: Expected, oracle: Oracle) -> Expected | None:
    target = parse_target(exchange)
    listed = (
        target and target.is_list and isinstance(response.body, dict) and "images" in response.body
    )
    if not target or not listed or target.last("limit") is None:
        return None
    more = oracle.select_images(exchange.token, target)[1]
    if not more and "images_links" in response.body:
        return response.with_body({"images": response.body["images"]})
    if more and "images_links" not in response.body:
        last = response.body["images"][-1]["id"]
        links = [{"rel": "next", "href": TextMatching("[?&]marker=" + last)}]
        return response.with_body({**response.body, "images_links": links})
    return None


def _crash(exchange: Exchange, response: Expected, oracle: Oracle) -> Expected | None:
    target = parse_target(exchange)
    if response.status != 500 or not target:
        return None
    if exchange.method == "GET":
        return _crashed_read(exchange, response, oracle, target)
    if exchange.method == "DELETE" and _refused_with(exchange, 409):
        return _fault(response, 409, "conflictingRequest", ".")
    return _crashed_write(exchange, response, oracle, target)


def _crashed_write(
    exchange: Exchange, response: Expected, oracle: Oracle, target: Target
) -> Expected | None:
    if exchange.method == "DELETE":
        return _crashed_delete(response, properties(oracle.image(target.parts[0])), target.parts[2])
    written = exchange.json_body()
    if written is None or not _is_unicode(exchange.body or ""):
        return _fault(response, 400, "badRequest", "Malformed request body")
    one = len(target.parts) == 3
    values = written["meta" if one else "metadata"]
    if "status" in values:
        return _fault(response, 403, "forbidden", "Not authorized for image")
    wrong = _invalid_metadata_pattern(exchange, values)
    if wrong:
        return _fault(response, 400, "badRequest", wrong)
    if exchange.method == "POST":
        kept = properties(oracle.image(target.parts[0]))
        news = {key: value for key, value in values.items() if key not in BASE}
        return _success(response, {"metadata": properties({**kept, **news})})
    return _success(response, {"meta": values} if one else {"metadata": values})


def _invalid_metadata_pattern(exchange: Exchange, values: dict[str, str]) -> str:
    """Return a pattern for the message of a 400; "" if the metadata can be stored."""
    if not all(_is_unicode(f"{key}{value}") for key, value in values.items()):
        return "Unicode"
    undecodable = [key for key in DECODED if key in values and not is_json(values[key])]
    if undecodable:
        return undecodable[0]
    refused = _refused_with(exchange, 400) and not _VALID_METADATA.search(
        str(exchange.glance_errors)
    )
    return "." if refused else ""


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _crashed_delete(response: Expected, found: dict[str, Any], key: str) -> Expected:
    if key not in found:
        return _fault(response, 404, "itemNotFound", "Invalid metadata key")
    return Expected(204, {**_success(response, "").headers}, "", same_length=False)


def _crashed_read(
    exchange: Exchange, response: Expected, oracle: Oracle, target: Target
) -> Expected | None:
    if target.is_list and target.last("changes-since"):  # at the ends of the calendar
        return _fault(response, 400, "badRequest", "changes-since")
    if target.is_list:
        return _filters_and_statuses(exchange, response, oracle, applies=lambda _: True)
    image = oracle.image(target.parts[0])
    if len(target.parts) == 1:
        return _success(response, {"image": oracle.render_image(image, target)})
    if len(target.parts) == 2:
        return _success(response, {"metadata": properties(image)})
    key = target.parts[2]
    if key not in properties(image):
        return _fault(response, 404, "itemNotFound", _PLAIN_404)
    return _success(response, {"meta": {key: properties(image)[key]}})


def _refused_with(exchange: Exchange, status: int) -> bool:
    """Return True if the Image service responded to Compute with this status code."""
    return any(call.endswith(f" {status}") for call in exchange.glance)


def _success(response: Expected, body: Any) -> Expected:
    headers = {**response.headers, "content-type": ["application/json"]}
    return Expected(200, headers, body, same_length=False)


def _as_fault(response: Expected) -> Expected:
    """Return the response with the headers of a fault."""
    return replace(
        response, headers={**response.headers, "content-type": ["application/json; charset=UTF-8"]}
    )


def _fault(response: Expected, status: int, name: str, words: str) -> Expected:
    return response.with_body({name: {"code": status, "message": TextMatching(words)}}, status)


def _end_of_the_api(exchange: Exchange, response: Expected, _oracle: Oracle) -> Expected | None:
    target = parse_target(exchange)
    version = response.headers.get("x-openstack-nova-api-version", ["2.1"])[0]
    if not target or _message(response) != _PLAIN_404 or response.status != 404:
        return None
    end = METADATA_END if target.is_metadata else IMAGES_END
    if int(version.partition(".")[2]) <= end:
        return None
    return _fault(response, 404, "itemNotFound", rf"2\.{end}\b.*/v2/images")


def _advertised(_exchange: Exchange, response: Expected, _oracle: Oracle) -> Expected | None:
    """Expect ADVERTISED in version documents; do not compare the length, for HEAD either."""
    if isinstance(response.body, dict) and response.body.keys() & {
        "versions",
        "version",
        "choices",
    }:
        return response.with_body(_with_advertised(response.body))
    if (
        response.body == ""
        and response.status in (200, 300)
        and response.headers.keys()
        >= {
            "content-length",
            "content-type",
        }
    ):
        return response.with_body("")
    return None


def _with_advertised(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_advertised(item) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {key: _with_advertised(item) for key, item in value.items()}
    if value.get("id") == "v2.1" and value.get("version"):
        changed["version"] = ADVERTISED
    return changed


def _wording(_exchange: Exchange, response: Expected, _oracle: Oracle) -> Expected | None:
    message = _message(response)
    if not isinstance(message, str) or not _SCHEMA_MESSAGE.search(message):
        return None
    named = next((word for match in _NAMED.findall(message) for word in match if word), "")
    name = next(iter(response.body))
    words = _NAMES.get(named) or "|".join(map(re.escape, {named, html.unescape(named)})) or "."
    return response.with_body({name: {**response.body[name], "message": TextMatching(words)}})


def _message(response: Expected) -> object:
    """Return the message of a fault; None for any other response."""
    try:
        (fault,) = response.body.values()
        return fault["message"]
    except (AttributeError, ValueError, TypeError, KeyError):
        return None


REPAIRS = (
    Repair("R1", "property-{key} filters by that key", _property_filter),
    Repair("R2", "no 500 for what a client sent or an image holds", _crash),
    Repair("R4", "status finds what is shown with that status", _status_filter),
    Repair("R5", "next if and only if there is a further image", _next_link),
    Repair("R6", "the 404 after the API's end says so", _end_of_the_api),
    Repair("R7", f"advertises {ADVERTISED}", _advertised),
    Repair("R9", "a clearer message, same status and fault", _wording),
)
