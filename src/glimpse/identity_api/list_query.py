"""Filters lists of the Identity API by the parameters of a request, and pages the lists."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from glimpse.identity.embedded.errors import BadRequest, NotFound
from glimpse.identity_api.attributes import Attribute, text
from glimpse.identity_api.requests import first_values

MAX_LIMIT = 1000  # entries in a page, as Keystone's max_db_limit
_FALSE = frozenset(("0", "f", "false", "off", "n", "no"))  # as oslo.utils reads a boolean
_BOOLEAN_TEXTS = frozenset(
    (
        *("True", "TRUE", "true", "False", "FALSE", "false", "", "1", "0"),
        *("y", "Y", "n", "N", "on", "ON", "off", "OFF", "yes", "no"),
    )
)
# The value of a parameter that is compared with a boolean.
BOOLEAN_TEXT = Attribute(
    lambda value: value in _BOOLEAN_TEXTS, "a boolean such as true, false, 1 or 0"
)
_UUID = re.compile(r"\A[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}\Z")
UUID_TEXT = text(36, "a UUID", _UUID)
_COMPARATORS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda value, part: part in value,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
Document = dict[str, Any]  # an object as a response has it
Parameters = Sequence[tuple[str, str]]  # of the query, in their order


class ListRules(NamedTuple):
    """The parameters that filter the list of one kind of objects.

    - ``filters``: the names of the attributes that parameters may compare.
    - ``checks``: the valid values of some parameters, by the parameter's name. A parameter that is
      not a filter may have a check, too.
    - ``is_strict``: True if all parameters whose names are not in ``filters`` are errors, even
      ``limit``, ``marker`` and ``NAME__contains``.
    """

    filters: tuple[str, ...]
    checks: Mapping[str, Attribute] = {}
    is_strict: bool = False


class Page(NamedTuple):
    """All entries of a list, or one page of them.

    ``next_marker`` is the id of the last entry in ``entries`` if the list has further entries, else
    None.
    """

    entries: list[Document]
    next_marker: str | None


def select_page(entries: Iterable[Document], parameters: Parameters, rules: ListRules) -> Page:
    """Return the entries that match all `parameters`, sorted by id, or one page of them.

    If NAME is in ``rules.filters``, parameters such as ``NAME=value`` and ``NAME__contains=value``
    filter by the attribute NAME (see `_matches_one`). Two other parameters choose the page:

    - ``marker`` is the id of the last entry before the page. The entry with this id need not match
      the filters. An empty ``marker`` is ignored.
    - ``limit`` is the maximum number of entries. A limit above 1,000 counts as 1,000. There is no
      maximum if ``limit`` is missing, empty, 0 or negative.

    All other parameters are ignored. An entry must match all values of a repeated filter. Of a
    repeated ``marker`` or ``limit``, the first value counts. Raises BadRequest in these cases:

    - The first value of a parameter is not valid by ``rules.checks``.
    - ``limit`` is not an integer.
    - ``rules.is_strict`` is True, and a parameter's name is not in ``rules.filters``.

    Raises NotFound if none of `entries` has the id ``marker``.
    """
    _check_parameters(parameters, rules)
    everything = sorted(entries, key=lambda each: str(each["id"]))
    matching = [each for each in everything if _matches(each, parameters, rules.filters)]
    values = first_values(parameters)
    marker, limit = values.get("marker"), _parse_limit(values.get("limit"))
    if marker:
        if all(each["id"] != marker for each in everything):
            raise NotFound(f"Marker {marker} could not be found.")
        matching = [each for each in matching if str(each["id"]) > marker]
    if limit is None or len(matching) <= limit:
        return Page(matching, None)
    return Page(matching[:limit], str(matching[limit - 1]["id"]))


def render_page(name: str, page: Page, url: str, parameters: Parameters) -> dict[str, Any]:
    """Render a page as ``{name: entries, "links": {...}}``.

    `url` is the URL of the list without a query. The link ``self`` repeats `parameters`, the
    parameters of the request. If the list has further entries, the document also has
    ``"truncated": True``, and the link ``next`` repeats `parameters` with a new ``marker``.
    Otherwise ``next`` is null. ``previous`` is always null, as in Keystone.
    """
    query = f"?{urlencode(parameters)}" if parameters else ""
    links: dict[str, str | None] = {"self": url + query, "next": None, "previous": None}
    document: dict[str, Any] = {name: page.entries, "links": links}
    if page.next_marker is not None:
        kept = [pair for pair in parameters if pair[0] != "marker"]
        links["next"] = f"{url}?{urlencode([*kept, ('marker', page.next_marker)])}"
        document["truncated"] = True
    return document


def _check_parameters(parameters: Parameters, rules: ListRules) -> None:
    """Raise BadRequest for an invalid value and, if ``rules.is_strict``, an unknown parameter.

    Of a repeated parameter, only the first value is checked.
    """
    for name, value in first_values(parameters).items():
        if name in rules.checks and not rules.checks[name].is_valid(value):
            raise BadRequest(f"{name} has to be {rules.checks[name].meaning}.")
        if rules.is_strict and name not in rules.filters:
            raise BadRequest(f"The parameter {name} is unknown.")


def _parse_limit(value: str | None) -> int | None:
    """Return the integer in `value`, at most MAX_LIMIT; None if there is no limit.

    There is no limit if `value` is None, empty, 0 or negative. Raises BadRequest if `value` is not
    an integer.
    """
    if not value:
        return None
    try:
        limit = int(value)
    except ValueError:
        raise BadRequest("limit has to be an integer.") from None
    return min(limit, MAX_LIMIT) if limit > 0 else None


def _matches(entry: Document, parameters: Parameters, filters: tuple[str, ...]) -> bool:
    """Return True if `entry` matches all `parameters` that are filters.

    Filters are parameters such as ``NAME=value`` and ``NAME__contains=value``, with a NAME in
    `filters` (see `_matches_one`). Other parameters are ignored. If a filter is repeated, `entry`
    must match all its values.
    """
    return all(_matches_one(entry, name, value, filters) for name, value in parameters)


def _matches_one(entry: Document, parameter: str, value: str, filters: tuple[str, ...]) -> bool:
    """Return True if `entry` matches one parameter, or if the parameter is not a filter.

    A parameter is a filter if its name has one of these forms, with a NAME in `filters`:

    - ``NAME`` compares the whole attribute, a text or a boolean, and ignores case.
    - ``NAME__contains``, ``NAME__startswith`` and ``NAME__endswith`` look for a part of a text.
    - ``NAME__icontains``, ``NAME__istartswith`` and ``NAME__iendswith`` also ignore case.
    - ``NAME__`` and any other text matches if the attribute is a text.

    An attribute that is missing, null or of another type matches no filter.
    """
    if parameter in filters:
        return _equals(entry.get(parameter), value)
    name, _, comparator = parameter.partition("__")
    if name not in filters or not comparator:
        return True
    found = entry.get(name)
    if not isinstance(found, str):
        return False
    if comparator.startswith("i"):
        found, value, comparator = found.lower(), value.lower(), comparator[1:]
    compare = _COMPARATORS.get(comparator)
    return compare is None or compare(found, value)


def _equals(found: object, value: str) -> bool:
    """Return True if the text `value` of a parameter equals the attribute's value `found`.

    Case is ignored. If `found` is a boolean, a `value` such as ``0``, ``no`` or ``false`` stands
    for False (see _FALSE), and any other `value` for True. Returns False if `found` is neither a
    text nor a boolean.
    """
    if isinstance(found, bool):
        return found is (value.lower() not in _FALSE)
    return isinstance(found, str) and found.lower() == value.lower()


def matches_tags(tags: Sequence[str], parameters: Parameters) -> bool:
    """Return True if the `tags` of an object match all `parameters` that filter by tags.

    - ``tags=a,b``: the object must have all tags of the list.
    - ``tags-any=a,b``: the object must have at least one tag of the list.
    - ``not-tags=a,b``: the object must lack at least one tag of the list.
    - ``not-tags-any=a,b``: the object must have no tag of the list.

    Other parameters are ignored. An empty value is a list of one empty tag, which no object has. If
    a parameter is repeated, only its first value counts, as in Keystone.
    """
    present = set(tags)
    for name, value in first_values(parameters).items():
        wanted = set(value.split(","))
        if (
            (name == "tags" and not wanted <= present)
            or (name == "tags-any" and not wanted & present)
            or (name == "not-tags" and wanted <= present)
            or (name == "not-tags-any" and wanted & present)
        ):
            return False
    return True
