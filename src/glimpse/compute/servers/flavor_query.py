"""Query of ``GET /flavors`` and ``GET /flavors/detail``: filters, order, limit and marker."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qsl

from glimpse.compute.faults import Fault
from glimpse.compute.list_query import check_no_nul
from glimpse.compute.servers.query_values import (
    MAX_LIMIT,
    STRICT,
    invalid_parameter,
    parse_boolean,
    parse_limit,
    unknown_parameter,
)
from glimpse.images import Caller
from glimpse.servers.server import Flavor

_NAMES = ("limit", "marker", "is_public", "minRam", "minDisk", "sort_key", "sort_dir")
# Of these sort keys, all flavors here have the same value: the order by name remains.
_EQUAL_HERE = (
    *("created_at", "description", "disabled", "ephemeral_gb", "id", "is_public", "rxtx_factor"),
    *("swap", "updated_at", "vcpu_weight"),
)
_SORT_VALUES: Mapping[str, Callable[[Flavor], str | int]] = {
    "flavorid": lambda flavor: flavor.name,
    "memory_mb": lambda flavor: flavor.ram,
    "name": lambda flavor: flavor.name,
    "root_gb": lambda flavor: flavor.disk,
    "vcpus": lambda flavor: flavor.vcpus,
    **dict.fromkeys(_EQUAL_HERE, lambda _: 0),
}


class FlavorPage(NamedTuple):
    """One page of a list of flavors; `has_more` is True if flavors after the page match, too."""

    flavors: Sequence[Flavor]
    has_more: bool


@dataclass(frozen=True, slots=True)
class FlavorQuery:
    """The filters, order and limit of a list of flavors.

    A flavor is listed if it has at least `min_ram` MiB of memory and a disk of at least `min_disk`
    GiB. If `is_public` is False, no flavor is listed, because all flavors are public. Flavors are
    sorted by `sort_key`, such as ``memory_mb``, and then by name. `is_descending` reverses both.
    The list starts after the flavor with the name `marker`, or with the first flavor if `marker` is
    None. The list has at most `limit` flavors.
    """

    is_public: bool = True
    min_ram: int = 0
    min_disk: int = 0
    sort_key: str = "flavorid"
    is_descending: bool = False
    marker: str | None = None
    limit: int = MAX_LIMIT

    def select_page(self, flavors: Sequence[Flavor]) -> FlavorPage:
        """Return the page that the query selects. `flavors` must have all flavors, in any order.

        If `marker` is None, the page starts with the first flavor. The flavor with the name
        `marker` need not match the filters. Raises a 400 fault if no flavor has that name.
        """
        value = _SORT_VALUES[self.sort_key]
        ordered = sorted(
            flavors, key=lambda each: (value(each), each.name), reverse=self.is_descending
        )
        if self.marker is not None:
            names = [each.name for each in ordered]
            if self.marker not in names:
                raise Fault(400, f"marker [{self.marker}] not found")
            ordered = ordered[names.index(self.marker) + 1 :]
        found = [each for each in ordered if self._matches(each)]
        return FlavorPage(found[: self.limit], len(found) > self.limit)

    def _matches(self, flavor: Flavor) -> bool:
        return self.is_public and flavor.ram >= self.min_ram and flavor.disk >= self.min_disk


class FlavorListRequest(NamedTuple):
    """The parsed query string of a list of flavors.

    `parameters` has all names and values of the query string, for the link to the next page.
    """

    query: FlavorQuery
    parameters: tuple[tuple[str, str], ...]


def parse_flavor_list_request(query_string: bytes, caller: Caller, minor: int) -> FlavorListRequest:
    """Parse the query string of a list of flavors at the microversion 2.`minor`.

    If a parameter is repeated, the last value counts, but each ``limit``, ``sort_key`` and
    ``sort_dir`` is checked. ``is_public`` is ignored if the caller is not an admin. If ``limit`` is
    missing or above MAX_LIMIT, the limit is MAX_LIMIT. Raises a 400 fault if a value is not valid
    or a parameter has a NUL character. An unknown parameter is ignored before 2.75, and raises a
    400 fault from 2.75 on. Whether the marker exists is not checked.
    """
    pairs = parse_qsl(query_string.decode(errors="replace"), keep_blank_values=True)
    for name, value in pairs:
        check_no_nul(name, value)
        if name not in _NAMES and minor >= STRICT:
            raise unknown_parameter(name)
        if name == "sort_key" and value not in _SORT_VALUES:
            reason = f"It must be one of {', '.join(sorted(_SORT_VALUES))}."
            raise invalid_parameter(name, value, reason)
        if name == "sort_dir" and value not in ("asc", "desc"):
            raise invalid_parameter(name, value, "It must be asc or desc.")
    values = dict(pairs)
    query = FlavorQuery(
        is_public=not caller.is_admin or _parse_is_public(values.get("is_public", "none")),
        min_ram=_parse_minimum("minRam", values),
        min_disk=_parse_minimum("minDisk", values),
        sort_key=values.get("sort_key", "flavorid"),
        is_descending=values.get("sort_dir") == "desc",
        marker=values.get("marker"),
        limit=parse_limit([value for name, value in pairs if name == "limit"]),
    )
    return FlavorListRequest(query, tuple(pairs))


def _parse_is_public(text: str) -> bool:
    """Return the value of the filter ``is_public``, such as ``yes``, ``0`` or ``none``.

    Case does not matter. ``none`` is True: it stands for all flavors, which are all public. Raises
    a 400 fault for any other text.
    """
    is_public = True if text.lower() == "none" else parse_boolean(text)
    if is_public is None:
        raise Fault(400, f"Invalid is_public filter [{text}]")
    return is_public


def _parse_minimum(name: str, values: Mapping[str, str]) -> int:
    """Return the parameter `name` as a number, which may be negative; 0 if it is missing.

    Raises a 400 fault if `int` cannot convert the parameter's value, for example an empty value.
    """
    text = values.get(name, "0")
    try:
        return int(text)
    except ValueError:
        raise Fault(400, f"Invalid {name} filter [{text}]") from None
