"""Compare two responses: status code, the headers that matter, and the body. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.differential.api_request import ApiRequest
from tests.support.http import Response

_HEADERS = (
    *("Allow", "Content-Range", "Accept-Patch", "Content-MD5"),
    *("OpenStack-image-import-methods", "OpenStack-image-store-ids", "Location", "Retry-After"),
)
_STORES = "OpenStack-image-store-ids"
_PRESENT = ("X-Subject-Token", "WWW-Authenticate")  # only whether the response has it
_PATTERNS = (
    (re.compile(r"gAAAAA[\w=-]{20,}"), "<token>"),
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<hex>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<hex64>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+"), "<precise date>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"), "<date>"),
)
_UNORDERED = frozenset(("tags", "methods", "members"))


class Mismatch(NamedTuple):
    """What differs: "status", "header NAME" or "body PATH", and both values as text."""

    aspect: str
    real: str
    embedded: str


class Names(NamedTuple):
    """Names for the values of one cloud that the other cannot have, such as its ids and URLs.

    Both clouds have the same names. So responses are compared with names in place of values.
    """

    values: Mapping[str, str]

    def normalize(self, text: str) -> str:
        """Replace the values by their names; and tokens, other ids and dates."""
        for value, name in self.values.items():
            if value in text:
                text = text.replace(value, name)
        for pattern, name in _PATTERNS:
            text = pattern.sub(name, text)
        return text


def compare(
    request: ApiRequest, real: tuple[Response, Names], embedded: tuple[Response, Names]
) -> list[Mismatch]:
    """Return all mismatches. If the status codes differ, the rest is not compared."""
    responses = (real[0], embedded[0])
    if responses[0].status != responses[1].status:
        return [Mismatch("status", str(responses[0].status), str(responses[1].status))]
    headers = [_headers(*side) for side in (real, embedded)]
    found = [
        Mismatch(f"header {name}", headers[0][name], headers[1][name])
        for name in headers[0]
        if headers[0][name] != headers[1][name]
    ]
    bodies = [comparable_body(request, *side) for side in (real, embedded)]
    found += _differences("$", *bodies)
    return found


def _headers(response: Response, names: Names) -> dict[str, str]:
    found = {name: names.normalize(response.header(name) or "") for name in _HEADERS}
    # Once it has staged data, Glance lists the stores of its own use, too.
    found[_STORES] = re.sub(",os_glance_[a-z_]+", "", found[_STORES])
    found["Allow"] = ", ".join(sorted(found["Allow"].split(", ")))
    found |= {name: str(response.header(name) is not None) for name in _PRESENT}
    kind = (response.header("Content-Type") or "").replace(" ", "").lower()
    return found | {"Content-Type": kind if response.body else ""}


def comparable_body(request: ApiRequest, response: Response, names: Names) -> Any:
    """Return the body as a JSON value, without what may differ between the clouds.

    Ids, dates, tokens and URLs are replaced; lists without an order are sorted; and the messages of
    faults are left out.
    """
    body = response.body
    try:
        document = json.loads(body)
    except ValueError:
        text = body.decode(errors="backslashreplace")
        return names.normalize(_title(text) if response.status >= 300 else text)
    if response.status >= 400:
        return _fault(document)
    return _normalize(document, names, "", sorts=request.api == "identity")


def _title(text: str) -> str:
    """Return what is not the message of a fault in HTML or plain text."""
    found = re.search("<title>(.*)</title>", text)
    return f"HTML {found[1]}" if found else text.partition("\n")[0]


def _fault(document: Any) -> Any:
    """Return a fault without its message."""
    if isinstance(document, dict):
        return {
            key: _fault(value) if isinstance(value, dict) else "text" if key == "message" else value
            for key, value in document.items()
        }
    return document


def _normalize(value: Any, names: Names, key: str, *, sorts: bool) -> Any:
    if isinstance(value, dict):
        return {
            names.normalize(name): _normalize(each, names, name, sorts=sorts)
            for name, each in value.items()
        }
    if key == "audit_ids":
        return len(value)
    if isinstance(value, list):
        found = [_normalize(each, names, key, sorts=sorts) for each in value]
        if sorts or key in _UNORDERED:
            return sorted(found, key=_sort_key)
        return found
    return names.normalize(value) if isinstance(value, str) else value


def _sort_key(entry: Any) -> tuple[str, str]:
    """Return a key that sorts entries of both clouds alike: by their names, if they have some."""
    name = entry.get("name") if isinstance(entry, dict) else None
    return str(name), json.dumps(entry, sort_keys=True)


def _differences(path: str, real: Any, embedded: Any) -> Iterator[Mismatch]:
    """Yield the mismatches of two JSON values; members and entries that only one has, too."""
    if isinstance(real, dict) and isinstance(embedded, dict):
        for key in sorted(real.keys() | embedded.keys()):
            yield from _differences(
                f"{path}.{key}", real.get(key, _ABSENT), embedded.get(key, _ABSENT)
            )
    elif isinstance(real, list) and isinstance(embedded, list):
        if len(real) != len(embedded):
            yield Mismatch(f"body {path}[]", _text(real), _text(embedded))
            return
        for one, another in zip(real, embedded, strict=True):
            yield from _differences(f"{path}[]", one, another)
    elif real != embedded or type(real) is not type(embedded):
        yield Mismatch(f"body {path}", _text(real), _text(embedded))


class _Absent:
    """In place of a member that a document does not have."""

    def __repr__(self) -> str:
        return "absent"


_ABSENT = _Absent()


def _text(value: Any) -> str:
    return "absent" if value is _ABSENT else json.dumps(value)
