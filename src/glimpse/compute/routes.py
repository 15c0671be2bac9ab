"""The route table, with one row for each operation of the Compute API, and its look-up.

To add an operation, add a row here and a handler to `compute.operations`.
"""

import re
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from glimpse.compute.microversions import LEGACY_ROOT, V2_35, V2_38, Microversion
from glimpse.compute.operations import Operations
from glimpse.compute.policy import ALL_OPERATIONS, IMAGE_SIZE
from glimpse.compute.request import Request
from glimpse.compute.responses import Response


class Handler(Protocol):
    """A method of Operations. Raises Fault, or an error of `images.errors`."""

    __name__: str

    def __call__(self, operations: Operations, request: Request, /) -> Awaitable[Response]:
        """Perform an operation."""
        ...


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: method and path below the version root, and what handles it.

    ``{id}`` and ``{key}`` in `path` match any text that is not empty. `policy_rule` names the
    rule for callers; without one any valid token may use the operation, also one without a
    project. `last_microversion` is the last with the operation, None if all have it, and
    `successor` its replacement in the Image API.
    """

    method: str
    path: str
    handler: Handler
    policy_rule: str | None = None
    last_microversion: Microversion | None = None
    successor: str = ""
    name: str = field(init=False)  # of the operation, in logs and metrics

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.handler.__name__)


_IMAGES = "/images"
_DETAIL = "/images/detail"
_IMAGE = "/images/{id}"
_METADATA = "/images/{id}/metadata"
_ITEM = "/images/{id}/metadata/{key}"

_IMAGE_RULE = "os_compute_api:os-images:"
_META_RULE = "os_compute_api:os-image-metadata:"

_LIST = "GET /v2/images"
_SHOW = "GET /v2/images/{image_id}"
_DELETE = "DELETE /v2/images/{image_id}"
_PATCH = "PATCH /v2/images/{image_id}"

# Of several rows that fit a request, the first counts.
ROUTES = (
    Route("GET", _IMAGES, Operations.list_images, _IMAGE_RULE + "index", V2_35, _LIST),
    Route("GET", _DETAIL, Operations.list_images_detail, _IMAGE_RULE + "detail", V2_35, _LIST),
    Route("GET", _IMAGE, Operations.show_image, _IMAGE_RULE + "show", V2_35, _SHOW),
    Route("DELETE", _IMAGE, Operations.delete_image, _IMAGE_RULE + "delete", V2_35, _DELETE),
    Route("GET", _METADATA, Operations.list_metadata, _META_RULE + "index", V2_38, _SHOW),
    Route("POST", _METADATA, Operations.create_metadata, _META_RULE + "create", V2_38, _PATCH),
    Route("PUT", _METADATA, Operations.replace_metadata, _META_RULE + "update_all", V2_38, _PATCH),
    Route("GET", _ITEM, Operations.show_metadata_item, _META_RULE + "show", V2_38, _SHOW),
    Route("PUT", _ITEM, Operations.set_metadata_item, _META_RULE + "update", V2_38, _PATCH),
    Route("DELETE", _ITEM, Operations.delete_metadata_item, _META_RULE + "delete", V2_38, _PATCH),
    Route("GET", "/", Operations.show_version),
)

# All rules that policy files may have for the Compute API.
RULE_NAMES = (
    IMAGE_SIZE,
    ALL_OPERATIONS,
    *(route.policy_rule for route in ROUTES if route.policy_rule is not None),
)

_PROJECT = re.compile(r"[0-9a-f-]+")


class Match(NamedTuple):
    """The route of a request and the variable parts of its path, "" for one that it lacks."""

    route: Route
    version_root: str
    project_id: str
    image_id: str
    key: str


def split_version_root(path: str) -> tuple[str, str]:
    """Split a path below a version root: ``/v2.1/images`` into ``/v2.1`` and ``/images``.

    The first part is "" for any other path, which includes the roots themselves.
    """
    if path.startswith("/v2.1/") and path != "/v2.1/":
        return "/v2.1", path[5:]
    if path.startswith("/v2/") and path != "/v2/":
        return LEGACY_ROOT, path[3:]
    return "", path


def match_route(method: str, version_root: str, path: str) -> Match | None:
    """Find the route for a path below a version root; None if there is none.

    `path` has no repeated slashes. It may start with a project id, which has hexadecimal digits
    and dashes. A newline at the end of the path or of the image id is dropped, as Compute does.
    """
    if path.endswith("\n") and not path.endswith("/\n"):
        path = path[:-1]
    segments = path.split("/")[1:]
    found = _find(method, segments)
    project_id = ""
    if found is None and len(segments) > 1 and _PROJECT.fullmatch(segments[0]):
        project_id = segments[0]
        found = _find(method, segments[1:])
    if found is None:
        return None
    route, image_id, key = found
    return Match(route, version_root, project_id, image_id.removesuffix("\n"), key)


class _Template(NamedTuple):
    """A route's path: literal segments, and positions of variable segments (0 for none)."""

    route: Route
    literals: tuple[tuple[int, str], ...]
    image_id: int
    key: int


def _find(method: str, segments: list[str]) -> tuple[Route, str, str] | None:
    """The first route that fits, with the image id and the metadata key in the path."""
    for route, literals, image_id_at, key_at in _TEMPLATES.get((method, len(segments)), ()):
        for position, text in literals:
            segment = segments[position]
            if segment != text and (text or segment != "\n"):
                break
        else:
            image_id = segments[image_id_at] if image_id_at else ""
            key = segments[key_at] if key_at else ""
            if (image_id or not image_id_at) and (key or not key_at):
                return route, image_id, key
    return None


def _templates() -> dict[tuple[str, int], list[_Template]]:
    """The templates of each method and number of segments, in the order of ROUTES."""
    templates: dict[tuple[str, int], list[_Template]] = {}
    for route in ROUTES:
        segments = route.path.split("/")[1:]
        literals = tuple(
            (position, text)
            for position, text in enumerate(segments)
            if text not in ("{id}", "{key}")
        )
        image_id, key = (
            segments.index(variable) if variable in segments else 0
            for variable in ("{id}", "{key}")
        )
        template = _Template(route, literals, image_id, key)
        templates.setdefault((route.method, len(segments)), []).append(template)
    return templates


_TEMPLATES = _templates()
