"""Parse the query of ``GET /servers`` and ``GET /servers/detail`` into a ServerQuery."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from glimpse.compute.faults import Fault
from glimpse.compute.list_query import check_no_nul
from glimpse.compute.servers.name_pattern import parse_name_pattern
from glimpse.compute.servers.query_values import (
    BOOLEANS,
    STRICT,
    invalid_parameter,
    parse_boolean,
    parse_limit,
    unknown_parameter,
)
from glimpse.images import Caller
from glimpse.images.dates import DateOperator, make_date_bound
from glimpse.servers.query import Condition, ServerQuery, Sort
from glimpse.servers.server import STATES, Server

_STRICT_STATUS = 38  # from microversion 2.38, unknown statuses are a 400 fault
_NOT_FILTERS = ("limit", "marker", "sort_key", "sort_dir", "all_tenants", "status", "deleted")
_NEVER = 10_000  # above all minor versions: only callers with all filters may use the filter

_Value = Callable[[Server], str | None]

# The filters that compare a value of the server, and the minor version from which callers without
# all filters may use them. Servers have no addresses, hosts and reservations here: a filter by one
# of these finds no server.
_EQUAL: Mapping[str, tuple[_Value, int]] = {
    "image": (lambda server: server.image_id, 1),
    "flavor": (lambda server: server.flavor.name, 1),
    "ip": (lambda _: None, 1),
    "reservation_id": (lambda _: None, 1),
    "ip6": (lambda _: None, 5),
    "availability_zone": (lambda server: server.availability_zone, 83),
    "key_name": (lambda server: server.key_name, 83),
    "power_state": (lambda server: str(server.power_state), 83),
    "task_state": (lambda server: server.task_state, 83),
    "user_id": (lambda server: server.user_id, 83),
    "vm_state": (lambda server: server.vm_state, 83),
    "hostname": (lambda server: server.name, 90),
    "host": (lambda _: None, _NEVER),
    "node": (lambda _: None, _NEVER),
    "uuid": (lambda server: server.id, _NEVER),
    "project_id": (lambda server: server.project_id, _NEVER),
    "tenant_id": (lambda server: server.project_id, _NEVER),
}
# The other filters, and the minor version from which callers without all filters may use them.
_OTHER = {
    "name": 1,
    "changes-since": 1,
    "changes-before": 66,
    "locked": 73,
    **dict.fromkeys(("tags", "tags-any", "not-tags", "not-tags-any"), 26),
}
_FILTERS = {**{name: minor for name, (_, minor) in _EQUAL.items()}, **_OTHER}
_SORT_VALUES: Mapping[str, Callable[[Server], str]] = {
    "availability_zone": lambda server: server.availability_zone,
    "created_at": lambda server: server.created_at,
    "display_description": lambda server: server.description or "",
    "display_name": lambda server: server.name.lower(),
    "image_ref": lambda server: server.image_id or "",
    "key_name": lambda server: server.key_name or "",
    "launched_at": lambda server: server.created_at,
    "project_id": lambda server: server.project_id,
    "task_state": lambda server: server.task_state or "",
    "updated_at": lambda server: server.updated_at,
    "user_id": lambda server: server.user_id,
    "uuid": lambda server: server.id,
    "vm_state": lambda server: server.vm_state,
}


class ServerListRequest(NamedTuple):
    """The parsed query string of a list of servers.

    The limit of `query` is at most MAX_LIMIT. Whether the marker exists is not checked.
    `parameters` has all names and values of the query string, for the link to the next page.
    """

    query: ServerQuery
    parameters: tuple[tuple[str, str], ...]


class ListPermissions(NamedTuple):
    """What policy rules let the caller of a list do.

    If `all_filters` is True, the caller may use all filters at every microversion.
    `check_all_projects` raises a 403 fault if the caller may not list the servers of all projects.
    """

    all_filters: bool
    check_all_projects: Callable[[], None]


def parse_server_list_request(
    query_string: bytes, caller: Caller, minor: int, permissions: ListPermissions
) -> ServerListRequest:
    """Parse the query string of a list of servers at the microversion 2.`minor`.

    Filters that the caller may not use are ignored, and so are filters by project without
    ``all_tenants``. If ``status``, ``sort_key`` or ``sort_dir`` is repeated, all values count. If
    another parameter is repeated, the last value counts, but each ``limit`` is checked.

    Raises a 400 fault if a value is not valid or a parameter has a NUL character. Before 2.75,
    unknown parameters are ignored. From 2.75 on, an unknown parameter raises a 400 fault, unless
    its name starts with ``_``.

    Raises a 403 fault if ``all_tenants`` is true and `permissions` does not let the caller list all
    projects, or if DELETED is the only known ``status`` and the caller is not an admin.
    """
    pairs = parse_qsl(query_string.decode(errors="replace"), keep_blank_values=True)
    for name, value in pairs:
        check_no_nul(name, value)
    if minor >= STRICT:
        for name, _ in pairs:
            if name not in _FILTERS and name not in _NOT_FILTERS and not name.startswith("_"):
                raise unknown_parameter(name)
    values = dict(pairs)
    is_everywhere = "all_tenants" in values and _parse_flag(values["all_tenants"])
    if is_everywhere:
        permissions.check_all_projects()
    filter_minor = _NEVER if permissions.all_filters else minor
    conditions = [
        *_status_conditions([value for name, value in pairs if name == "status"], caller, minor),
        *_conditions(values, filter_minor, is_everywhere=is_everywhere),
    ]
    query = ServerQuery(
        conditions=tuple(conditions),
        sort=_parse_sort(pairs),
        marker=values.get("marker"),
        limit=parse_limit([value for name, value in pairs if name == "limit"]),
        all_projects=is_everywhere,
    )
    return ServerListRequest(query, tuple(pairs))


def _parse_flag(text: str) -> bool:
    """Return the boolean of a text such as ``yes`` or ``0``, in any case; True for "".

    Raises a 400 fault for any other text.
    """
    flag = parse_boolean(text) if text else True
    if flag is None:
        names = ", ".join(repr(name) for name in BOOLEANS)
        raise Fault(400, f"Unrecognized value '{text}', acceptable values are: {names}")
    return flag


def _parse_sort(pairs: list[tuple[str, str]]) -> tuple[Sort, ...]:
    """Return the sort keys and their directions, in the order of the query.

    The first ``sort_dir`` belongs to the first ``sort_key``, and so on. If there are fewer
    directions than keys, the last direction applies to the remaining keys. Without directions, all
    keys are descending. Surplus directions are ignored. Without keys, the only key is the date of
    creation, in the first direction. Returns () if the query has neither keys nor directions.
    Raises a 400 fault for an unknown key or direction.
    """
    keys = [value for name, value in pairs if name == "sort_key"]
    directions = [value for name, value in pairs if name == "sort_dir"]
    for key in keys:
        if key not in _SORT_VALUES:
            raise invalid_parameter(
                "sort_key", key, f"It must be one of {', '.join(_SORT_VALUES)}."
            )
    for direction in directions:
        if direction not in ("asc", "desc"):
            raise Fault(
                400, "Invalid input received: Unknown sort direction, must be 'desc' or 'asc'"
            )
    if directions and not keys:
        keys = ["created_at"]
    directions += (directions[-1:] or ["desc"]) * (len(keys) - len(directions))
    return tuple(
        Sort(_SORT_VALUES[key], direction == "desc")
        for key, direction in zip(keys, directions, strict=False)
    )


def _status_conditions(texts: list[str], caller: Caller, minor: int) -> Iterator[Condition]:
    """Yield one condition: the server's status is one of `texts`. Case is ignored.

    Yields nothing if `texts` is empty. Unknown statuses are ignored. If all statuses are unknown,
    the condition excludes all servers before microversion 2.38; from 2.38 on, a 400 fault is
    raised. DELETED is a known status, although no server has it. Raises a 403 fault if DELETED is
    the only known status in `texts` and the caller is not an admin.
    """
    if not texts:
        return
    statuses = {text.upper() for text in texts}
    known = statuses & (STATES.keys() | {"DELETED"})
    if not known and minor >= _STRICT_STATUS:
        raise Fault(400, "Invalid status value")
    if known == {"DELETED"} and not caller.is_admin:
        raise Fault(403, "Only administrators may list deleted instances")
    yield lambda server: server.status in known


def _conditions(
    values: Mapping[str, str], minor: int, *, is_everywhere: bool
) -> Iterator[Condition]:
    """Yield a condition for each filter in `values` that may be used at 2.`minor`.

    With _NEVER as `minor`, all filters may be used. Other names in `values` are ignored.
    `is_everywhere` is True if the servers of all projects are listed. If it is False, filters by
    project are ignored, too. Raises a 400 fault for a value that is not valid.
    """
    for name, value in values.items():
        if name not in _FILTERS or minor < _FILTERS[name]:
            continue
        if name in ("project_id", "tenant_id") and not is_everywhere:
            continue
        yield _condition(name, value)


def _condition(name: str, value: str) -> Condition:
    """Return the condition of the filter `name`, a key of _FILTERS.

    Raises a 400 fault if `value` is not valid.
    """
    if name in _EQUAL:
        get, _ = _EQUAL[name]
        return lambda server: get(server) == value
    if name == "name":
        return _name_condition(value)
    if name == "locked":
        is_locked = _parse_flag(value)
        return lambda _: not is_locked
    if name.startswith("changes-"):
        return _date_condition(name, "gte" if name == "changes-since" else "lte", value)
    return _tags_condition(name, frozenset(value.split(",")))


def _name_condition(value: str) -> Condition:
    matches = parse_name_pattern(value) if value else None
    if matches is None:
        reason = "It must be text that may have ^ at its start, $ at its end, . and .* in it."
        raise invalid_parameter("name", value, reason)
    return lambda server: matches(server.name)


def _date_condition(name: str, comparison: DateOperator, value: str) -> Condition:
    bound = make_date_bound(comparison, value)
    if bound is None:
        raise invalid_parameter(name, value, "It must be a date and time in ISO 8601 notation.")
    return lambda server: bound.holds(server.updated_at)


def _tags_condition(name: str, tags: frozenset[str]) -> Condition:
    conditions: Mapping[str, Condition] = {
        "tags": lambda server: tags <= set(server.tags),
        "tags-any": lambda server: not tags.isdisjoint(server.tags),
        "not-tags": lambda server: not tags <= set(server.tags),
        "not-tags-any": lambda server: tags.isdisjoint(server.tags),
    }
    return conditions[name]
