"""Routes: the ten operations, and one that shows the version, as data; how a path finds its own."""

import re
from typing import Literal, NamedTuple

from glimpse.compute.microversions import (
    LAST_WITH_IMAGE_METADATA,
    LAST_WITH_IMAGES,
    Microversion,
)

Operation = Literal[
    "list_images",
    "list_images_detail",
    "show_image",
    "delete_image",
    "list_metadata",
    "create_metadata",
    "replace_metadata",
    "show_metadata_item",
    "set_metadata_item",
    "delete_metadata_item",
    "show_version",
]


class Route(NamedTuple):
    """One operation: verb, path below the version root, last microversion, and what replaces it.

    `last` is None for what does not end.
    """

    verb: str
    template: str
    operation: Operation
    last: Microversion | None
    successor: str


_IMAGES = "/images"
_IMAGE = "/images/{id}"
_METADATA = "/images/{id}/metadata"
_ITEM = "/images/{id}/metadata/{key}"
_SHOW = "GET /v2/images/{image_id}"
_PATCH = "PATCH /v2/images/{image_id}"

ROUTES = (
    Route("GET", _IMAGES, "list_images", LAST_WITH_IMAGES, "GET /v2/images"),
    Route("GET", "/images/detail", "list_images_detail", LAST_WITH_IMAGES, "GET /v2/images"),
    Route("GET", _IMAGE, "show_image", LAST_WITH_IMAGES, _SHOW),
    Route("DELETE", _IMAGE, "delete_image", LAST_WITH_IMAGES, "DELETE /v2/images/{image_id}"),
    Route("GET", _METADATA, "list_metadata", LAST_WITH_IMAGE_METADATA, _SHOW),
    Route("POST", _METADATA, "create_metadata", LAST_WITH_IMAGE_METADATA, _PATCH),
    Route("PUT", _METADATA, "replace_metadata", LAST_WITH_IMAGE_METADATA, _PATCH),
    Route("GET", _ITEM, "show_metadata_item", LAST_WITH_IMAGE_METADATA, _SHOW),
    Route("PUT", _ITEM, "set_metadata_item", LAST_WITH_IMAGE_METADATA, _PATCH),
    Route("DELETE", _ITEM, "delete_metadata_item", LAST_WITH_IMAGE_METADATA, _PATCH),
    Route("GET", "/", "show_version", None, ""),
)

_BY_SHAPE: dict[tuple[str, str], Route] = {(route.verb, route.template): route for route in ROUTES}
_PROJECT = re.compile(r"[0-9a-f-]+")


class Match(NamedTuple):
    """A request's operation and the variable parts of its path ("" where there is none)."""

    route: Route
    project_id: str
    image_id: str
    key: str


def match_route(verb: str, path: str) -> Match | None:
    """Find the operation of a path below the version root; `path` has no repeated slashes.

    A project id may come first: hexadecimal digits and dashes, as the Compute API has it. A newline
    at the end of an id, or of the path, is no part of it.
    """
    if path.endswith("\n") and not path.endswith("/\n"):
        path = path[:-1]
    parts = path.split("/")[1:]
    matched = _match(verb, parts, "")
    if matched is None and len(parts) > 1 and _PROJECT.fullmatch(parts[0]):
        matched = _match(verb, parts[1:], parts[0])
    return matched


def _match(verb: str, parts: list[str], project_id: str) -> Match | None:
    image_id = key = ""
    match parts:
        case ["images"]:
            template = _IMAGES
        case ["images", "detail"] if verb == "GET":
            template = "/images/detail"
        case ["images", image_id] if image_id:
            template = _IMAGE
        case ["images", image_id, "metadata"] if image_id:
            template = _METADATA
        case ["images", image_id, "metadata", key] if image_id and key:
            template = _ITEM
        case ["" | "\n"]:
            template = "/"
        case _:
            return None
    route = _BY_SHAPE.get((verb, template))
    return Match(route, project_id, image_id.removesuffix("\n"), key) if route else None
