"""RouteTable: finds the route of a request by its method and path.

`image_routes` and `servers.routes` have the routes. None of them has the method HEAD. `compute.api`
responds to OPTIONS.
"""

import re
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from glimpse.compute.microversions import LEGACY_ROOT, Microversion
from glimpse.compute.request import Request
from glimpse.compute.responses import Response


class Handler(Protocol):
    """The type of a route's handler, such as a method of ImageOperations.

    A handler raises Fault or an error of `images.errors` for an error response.
    """

    @property
    def __name__(self) -> str:
        """The operation's name in logs and metrics."""
        ...

    def __call__(self, request: Request, /) -> Awaitable[Response]:
        """Perform the operation and return its response."""
        ...


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the Compute API.

    `path` is relative to the version root. In `path`, ``{id}`` and ``{key}`` each match one
    segment, which may have any text that is not empty. `policy_rule` is the name of the policy rule
    that is checked before the handler is called. If `policy_rule` is None, no rule is checked, and
    the caller need not have a project.

    `last_microversion` is the last microversion that has the operation; None if no microversion
    removed the operation. `successor` is the replacement in the Image API, such as ``GET
    /v2/images``. `name` is the operation's name in logs and metrics: the name of `handler`.

    The routes of `unsupported_routes` have the method ``*``, and are in no RouteTable.
    """

    method: str
    path: str
    handler: Handler
    policy_rule: str | None = None
    last_microversion: Microversion | None = None
    successor: str = ""
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.handler.__name__)


_PROJECT = re.compile(r"[0-9a-f-]+")


class Match(NamedTuple):
    """The route of a request, and the parts of the request's path.

    `resource_id` is the text in the place of ``{id}`` in the route's path, `key` the text in the
    place of ``{key}``. A part that the path does not have is "".
    """

    route: Route
    version_root: str
    project_id: str
    resource_id: str
    key: str


def split_version_root(path: str) -> tuple[str, str]:
    """Split ``/v2.1/images`` into the version root ``/v2.1`` and the path ``/images``.

    Returns "" and the whole path if the path is not below a version root. A version root itself,
    such as ``/v2.1`` or ``/v2.1/``, is not below a version root.
    """
    if path.startswith("/v2.1/") and path != "/v2.1/":
        return "/v2.1", path[5:]
    if path.startswith("/v2/") and path != "/v2/":
        return LEGACY_ROOT, path[3:]
    return "", path


class _Template(NamedTuple):
    """The path of `route`, split at slashes.

    `literals` has the position and the text of each segment that a request must have unchanged.
    `id_position` and `key_position` are those of ``{id}`` and ``{key}``; 0 means that the path has
    no such segment.
    """

    route: Route
    literals: tuple[tuple[int, str], ...]
    id_position: int
    key_position: int


class RouteTable:
    """Finds the route of a request. If several routes match, the first one is used."""

    def __init__(self, routes: Iterable[Route]) -> None:
        # By method and number of segments, so that few templates have to be compared.
        self._templates: dict[tuple[str, int], list[_Template]] = {}
        for route in routes:
            template, length = _make_template(route)
            self._templates.setdefault((route.method, length), []).append(template)

    def match(self, method: str, version_root: str, path: str) -> Match | None:
        """Return the route and the ids in `path`; None if no route has this method and path.

        `path` is the request's path without `version_root`, and must not have repeated slashes. If
        no route matches, but the first segment has the form of a project id (hexadecimal digits in
        lower case, and dashes), finds a route for the rest of the path. Whether the project is the
        caller's is not checked.

        As in a deployed Compute API, a newline at the end of the path is ignored, except after a
        slash. A newline at the end of the resource id is removed: an id of only a newline becomes
        "".
        """
        if path.endswith("\n") and not path.endswith("/\n"):
            path = path[:-1]
        segments = path.split("/")[1:]
        found = self._find(method, segments)
        project_id = ""
        if found is None:
            project_id, segments = split_project_id(segments)
            found = self._find(method, segments) if project_id else None
        if found is None:
            return None
        route, resource_id, key = found
        return Match(route, version_root, project_id, resource_id.removesuffix("\n"), key)

    def _find(self, method: str, segments: list[str]) -> tuple[Route, str, str] | None:
        """Return the first route that matches, with the resource id and key in the segments.

        Returns None if no route matches. The resource id is "" if the route's path has no ``{id}``,
        the key is "" if there is no ``{key}``. An empty segment is neither an id nor a key. The
        path ``/`` with a newline after it matches the route ``/``, as in a deployed Compute API.
        """
        templates = self._templates.get((method, len(segments)), ())
        for route, literals, id_position, key_position in templates:
            for position, text in literals:
                segment = segments[position]
                if segment != text and (text or segment != "\n"):
                    break
            else:
                resource_id = segments[id_position] if id_position else ""
                key = segments[key_position] if key_position else ""
                if (resource_id or not id_position) and (key or not key_position):
                    return route, resource_id, key
        return None


def _make_template(route: Route) -> tuple[_Template, int]:
    """Return the template of a route, and the number of segments of the route's path."""
    segments = route.path.split("/")[1:]
    literals = tuple(
        (position, text) for position, text in enumerate(segments) if text not in ("{id}", "{key}")
    )
    id_position, key_position = (
        segments.index(variable) if variable in segments else 0 for variable in ("{id}", "{key}")
    )
    return _Template(route, literals, id_position, key_position), len(segments)


def split_project_id(segments: list[str]) -> tuple[str, list[str]]:
    """Return the project id at the start of a path's segments, and the segments after it.

    A project id has only hexadecimal digits in lower case, and dashes. Returns "" and all segments
    if the first segment is not a project id, or is the only segment.
    """
    if len(segments) > 1 and _PROJECT.fullmatch(segments[0]):
        return segments[0], segments[1:]
    return "", segments
