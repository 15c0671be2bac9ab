"""The routes of images: one row for each operation, with its handler and its policy rule."""

from collections.abc import Awaitable, Callable
from types import MethodType
from typing import NamedTuple

from glimpse.compute.image_operations import ImageOperations
from glimpse.compute.microversions import V2_35, V2_38, Microversion
from glimpse.compute.policy import ALL_OPERATIONS, IMAGE_SIZE
from glimpse.compute.request import Request
from glimpse.compute.responses import Response
from glimpse.compute.routes import Route, RouteTable

_IMAGES = "/images"
_DETAIL = "/images/detail"
_IMAGE = "/images/{id}"
_META = "/images/{id}/metadata"
_ITEM = "/images/{id}/metadata/{key}"

_OS_IMAGES = "os_compute_api:os-images:"
_OS_META = "os_compute_api:os-image-metadata:"

_LIST = "GET /v2/images"
_SHOW = "GET /v2/images/{image_id}"
_DELETE = "DELETE /v2/images/{image_id}"
_PATCH = "PATCH /v2/images/{image_id}"


class _Row(NamedTuple):
    """A route of images whose handler is an unbound method of ImageOperations.

    `Route` describes the other fields.
    """

    method: str
    path: str
    handler: Callable[[ImageOperations, Request], Awaitable[Response]]
    policy_rule: str | None = None
    last_microversion: Microversion | None = None
    successor: str = ""

    @property
    def name(self) -> str:
        """The operation's name in logs and metrics, such as ``list_images``."""
        return self.handler.__name__


# The first row that matches a request is used: /images/detail has to come before /images/{id}.
IMAGE_ROUTES = (
    _Row("GET", _IMAGES, ImageOperations.list_images, _OS_IMAGES + "index", V2_35, _LIST),
    _Row("GET", _DETAIL, ImageOperations.list_images_detail, _OS_IMAGES + "detail", V2_35, _LIST),
    _Row("GET", _IMAGE, ImageOperations.show_image, _OS_IMAGES + "show", V2_35, _SHOW),
    _Row("DELETE", _IMAGE, ImageOperations.delete_image, _OS_IMAGES + "delete", V2_35, _DELETE),
    _Row("GET", _META, ImageOperations.list_metadata, _OS_META + "index", V2_38, _SHOW),
    _Row("POST", _META, ImageOperations.create_metadata, _OS_META + "create", V2_38, _PATCH),
    _Row("PUT", _META, ImageOperations.replace_metadata, _OS_META + "update_all", V2_38, _PATCH),
    _Row("GET", _ITEM, ImageOperations.show_metadata_item, _OS_META + "show", V2_38, _SHOW),
    _Row("PUT", _ITEM, ImageOperations.set_metadata_item, _OS_META + "update", V2_38, _PATCH),
    _Row("DELETE", _ITEM, ImageOperations.delete_metadata_item, _OS_META + "delete", V2_38, _PATCH),
    _Row("GET", "/", ImageOperations.show_version),
)

OPERATION_NAMES = frozenset(route.name for route in IMAGE_ROUTES)

# The names of all policy rules of the Compute API that a policy file may have.
RULE_NAMES = (
    IMAGE_SIZE,
    ALL_OPERATIONS,
    *(route.policy_rule for route in IMAGE_ROUTES if route.policy_rule is not None),
)


def image_routes(operations: ImageOperations) -> RouteTable:
    """Return the routes of images; `operations` has their handlers."""
    return RouteTable(
        Route(
            row.method,
            row.path,
            MethodType(row.handler, operations),
            row.policy_rule,
            row.last_microversion,
            row.successor,
        )
        for row in IMAGE_ROUTES
    )
