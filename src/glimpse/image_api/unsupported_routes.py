"""Routes that Glance has and this Image API does not: their response is 501.

A 404 would mislead a client: the client would believe that an object does not exist, or that a
deletion is done.
"""

from starlette.responses import Response

from glimpse.image_api.faults import NotOffered
from glimpse.image_api.image_request import Handler, ImageRequest


def _not_offered(feature: str, methods: str) -> dict[str, Handler]:
    """Return a handler for each method in `methods`, a text such as ``GET, POST``.

    The handlers raise NotOffered with a message that names `feature`.
    """

    async def not_offered(_request: ImageRequest) -> Response:
        raise NotOffered(f"This Image API does not offer {feature}.")

    return dict.fromkeys(methods.split(", "), not_offered)


_NAMESPACES = "/v2/metadefs/namespaces"
_NAMESPACE = f"{_NAMESPACES}/{{namespace}}"
_METADEFS: list[tuple[str, str]] = [
    ("/v2/metadefs/resource_types", "GET"),
    (_NAMESPACES, "GET, POST"),
    (_NAMESPACE, "GET, PUT, DELETE"),
    (f"{_NAMESPACE}/resource_types", "GET, POST"),
    (f"{_NAMESPACE}/resource_types/{{name}}", "DELETE"),
    *((f"{_NAMESPACE}/{kind}", "GET, POST, DELETE") for kind in ("properties", "objects", "tags")),
    *((f"{_NAMESPACE}/{kind}/{{name}}", "GET, PUT, DELETE") for kind in ("properties", "objects")),
    (f"{_NAMESPACE}/tags/{{name}}", "GET, POST, PUT, DELETE"),
    *(
        (f"/v2/schemas/metadefs/{name}", "GET")
        for name in (
            *("namespace", "namespaces", "resource_type", "resource_types", "property"),
            *("properties", "object", "objects", "tag", "tags"),
        )
    ),
]
_CACHE: list[tuple[str, str]] = [
    ("/v2/cache", "GET, DELETE"),
    ("/v2/cache/clean", "POST"),
    ("/v2/cache/prune", "POST"),
    ("/v2/cache/nodes/{image_id}", "GET"),
    ("/v2/cache/{image_id}", "DELETE, PUT"),
    *((f"/v2/{kind}", "GET, DELETE") for kind in ("cached_images", "queued_images")),
    ("/v2/cached_images/{image_id}", "DELETE"),
    ("/v2/queued_images/{image_id}", "PUT, DELETE"),
]
ROUTES: list[tuple[str, dict[str, Handler]]] = [
    *((path, _not_offered("metadata definitions", methods)) for path, methods in _METADEFS),
    *((path, _not_offered("an image cache", methods)) for path, methods in _CACHE),
]
