"""Handlers of the operations on images, which `compute.image_routes` lists."""

from collections.abc import Callable
from typing import Any

import orjson

from glimpse.compute.faults import Fault, fault_from_error, no_such_resource
from glimpse.compute.list_query import parse_list_request
from glimpse.compute.list_response import list_response
from glimpse.compute.metadata import (
    check_count,
    check_storable,
    is_reserved,
    parse_body,
    parse_item,
    property_changes,
    render_metadata,
)
from glimpse.compute.next_link import NextLink
from glimpse.compute.policy import ComputePolicy
from glimpse.compute.render_cache import render_detail
from glimpse.compute.request import Request
from glimpse.compute.responses import Response, json_response
from glimpse.compute.version_documents import version_document
from glimpse.compute.views import basic_view, detail_view
from glimpse.images import Action, Image, ImageService, PropertyChanges, has_role
from glimpse.images.errors import Forbidden

_NO_CONTENT = Response(204)


class ImageOperations:
    """The handlers of all operations on the images of one image service.

    Each handler takes a request that `ComputeAPI` has checked, and returns the response. For an
    error response, a handler raises Fault or an error of `images.errors`. Every handler that calls
    the image service may raise Unavailable, InvalidResponse and NotAuthenticated. In a gateway,
    Glance may refuse a request for further reasons; the handler then raises the error of
    `images.errors` for Glance's response.

    In a write of metadata, an item whose key is an attribute, such as ``name``, has no effect.
    Some other items have no effect, either (see `property_changes`). But some attributes are
    reserved, such as ``status`` (see `is_reserved`). A write raises

    - a 400 fault or Invalid if metadata is not valid or cannot be stored;
    - ImageNotFound if there is no such image or the caller may not see the image;
    - a 403 fault for a reserved key;
    - a 403 fault if the caller may not change the image;
    - a 403 fault if the image would have more than `metadata_items` items;
    - Conflict if the state of the image does not allow the change.

    `policy` decides whether a caller sees the sizes of images.
    """

    def __init__(self, images: ImageService, *, metadata_items: int, policy: ComputePolicy) -> None:
        self._images = images
        self._metadata_items = metadata_items
        self._policy = policy

    async def list_images(self, request: Request) -> Response:
        """Handle ``GET /images``: a list of ids, names and links.

        Raises a 400 fault or Invalid for a query that is not valid (see `parse_list_request`),
        MarkerNotFound or MarkerNotVisible for the marker, and Forbidden if the caller may not list
        images.
        """
        return await self._list(
            request, "/images", lambda image: basic_view(image, request.link_bases)
        )

    async def list_images_detail(self, request: Request) -> Response:
        """Handle ``GET /images/detail``: full documents, with sizes if the policy allows it.

        Raises the same errors as `list_images`.
        """
        link_bases, show_size = request.link_bases, self._policy.shows_size(request.caller)
        return await self._list(
            request,
            "/images/detail",
            lambda image: render_detail(image, link_bases, show_size=show_size),
        )

    async def _list(self, request: Request, path: str, view: Callable[[Image], object]) -> Response:
        """Respond with the images that the request's query finds, each rendered by `view`.

        `path` is the operation's path, such as ``/images``, for the link to the next page. Raises
        the errors of `list_images`. A long list is streamed (see `list_response`).
        """
        list_request = parse_list_request(request.query_string)
        pages = self._images.list_images(request.caller, list_request.query)
        next_link = NextLink(request.link_bases.versioned + path, list_request.parameters)
        return await list_response(pages, view, next_link)

    async def show_image(self, request: Request) -> Response:
        """Handle ``GET /images/{id}``: the full document of an image.

        The document has the image's size if the policy lets the caller see sizes. Raises
        ImageNotFound if there is no such image or the caller may not see the image.
        """
        image = await self._images.get_image(request.caller, request.resource_id)
        show_size = self._policy.shows_size(request.caller)
        document = {"image": detail_view(image, request.link_bases, show_size=show_size)}
        return Response(200, orjson.dumps(document))

    async def delete_image(self, request: Request) -> Response:
        """Handle ``DELETE /images/{id}``: delete an image, respond with 204.

        Raises a 403 fault if the caller may not delete the image, or if the image is protected.
        Raises ImageNotFound if there is no such image or the caller may not see the image. Raises
        Conflict if the image is in use.
        """
        try:
            await self._images.delete_image(request.caller, request.resource_id)
        except Forbidden:
            raise Fault(403, "You are not allowed to delete the image.") from None
        return _NO_CONTENT

    async def list_metadata(self, request: Request) -> Response:
        """Handle ``GET /images/{id}/metadata``: all metadata of an image.

        Raises ImageNotFound if there is no such image or the caller may not see the image.
        """
        image = await self._images.get_image(request.caller, request.resource_id)
        return json_response({"metadata": render_metadata(image.properties)})

    async def show_metadata_item(self, request: Request) -> Response:
        """Handle ``GET /images/{id}/metadata/{key}``: one metadata item.

        Raises ImageNotFound if there is no such image or the caller may not see the image. Raises a
        404 fault if the image has no item with the key.
        """
        image = await self._images.get_image(request.caller, request.resource_id)
        metadata = render_metadata(image.properties)
        if request.key not in metadata:
            raise no_such_resource()
        return json_response({"meta": {request.key: metadata[request.key]}})

    async def create_metadata(self, request: Request) -> Response:
        """Handle ``POST /images/{id}/metadata``: set the items in the body, keep all other items.

        The response has all items of the image. `ImageOperations` explains the errors.
        """
        metadata = parse_body(request.body, "metadata", is_legacy=request.is_legacy)
        image = await self._write(request, metadata, replace=False)
        return json_response({"metadata": render_metadata(image.properties)})

    async def replace_metadata(self, request: Request) -> Response:
        """Handle ``PUT /images/{id}/metadata``: replace all items by the items in the body.

        Items whose keys start with ``os_glance`` are kept, and so are ``kernel_id`` and
        ``ramdisk_id`` if the body has them with the value "" or ``none``. The response repeats the
        items in the body. `ImageOperations` explains the errors.
        """
        metadata = parse_body(request.body, "metadata", is_legacy=request.is_legacy)
        await self._write(request, metadata, replace=True)
        return json_response({"metadata": metadata})

    async def set_metadata_item(self, request: Request) -> Response:
        """Handle ``PUT /images/{id}/metadata/{key}``: set one item, keep all other items.

        The response repeats the item. Raises a 400 fault if the item in the body has another key.
        `ImageOperations` explains the other errors.
        """
        meta = parse_item(request.body, request.key, is_legacy=request.is_legacy)
        await self._write(request, meta, replace=False)
        return json_response({"meta": meta})

    async def delete_metadata_item(self, request: Request) -> Response:
        """Handle ``DELETE /images/{id}/metadata/{key}``: remove one item, respond with 204.

        Raises ImageNotFound if there is no such image or the caller may not see the image. Raises a
        404 fault if the key is an attribute such as ``name``. Raises PropertyNotFound, which also
        becomes a 404, if the image has no item with the key. Raises a 403 fault if the key starts
        with ``os_glance`` or the caller may not change the image. Raises Conflict if the state of
        the image does not allow the change.
        """
        if request.key in await self._images.base_attributes(request.caller):
            await self._images.get_image(request.caller, request.resource_id)
            raise Fault(404, "Invalid metadata key")
        await self._change(request, PropertyChanges(remove=frozenset((request.key,))))
        return _NO_CONTENT

    async def show_version(self, request: Request) -> Response:
        """Handle ``GET /v2.1/{project_id}/``: the version document, as in ``GET /v2.1``.

        ``GET /v2/{project_id}/`` has the document of ``/v2``. Both requests need a token, unlike
        version discovery.
        """
        advertised = str(request.options.advertised_microversion)
        return json_response(version_document(request.base_url, request.version_root, advertised))

    async def _write(self, request: Request, metadata: dict[str, Any], *, replace: bool) -> Image:
        """Set metadata of an image atomically; return the image after the change.

        With `replace`, other metadata is removed, except what `property_changes` keeps.

        If nobody may set `metadata` on any image (see `_fault_for_metadata`), raises the first
        error of `_check_allowed`, or else the fault for the metadata. Otherwise raises the errors
        of `_change`.
        """
        fault = _fault_for_metadata(request.resource_id, metadata)
        if fault is not None:
            await self._check_allowed(request, metadata, replace=replace)
            raise fault
        changes = property_changes(
            metadata,
            await self._images.base_attributes(request.caller),
            replace=replace,
            limit=self._metadata_items,
        )
        return await self._change(request, changes)

    async def _check_allowed(
        self, request: Request, metadata: dict[str, Any], *, replace: bool
    ) -> None:
        """Raise the errors that a deployed Compute API reports before invalid items of metadata.

        The first error that applies is raised: ImageNotFound; a 403 fault for more items than an
        image may have; a 403 fault if the caller may not change the image. Otherwise returns None.
        """
        image = await self._images.get_image(request.caller, request.resource_id)
        kept = 0 if replace else len(image.properties.keys() - metadata.keys())
        check_count(kept + len(metadata), self._metadata_items)
        is_own = request.caller.is_admin or image.owner == request.caller.project_id
        if not (is_own and has_role(request.caller, Action.MODIFY_IMAGE)):
            raise _not_authorized(request.resource_id)

    async def _change(self, request: Request, changes: PropertyChanges) -> Image:
        """Change an image's properties atomically; return the image after the change.

        Forbidden and PropertyLimitExceeded become 403 faults with Compute's messages. Other errors
        of `ImageService.change_properties`, such as Conflict, are raised unchanged.
        """
        try:
            return await self._images.change_properties(
                request.caller, request.resource_id, changes
            )
        except Forbidden as error:
            if type(error) is Forbidden:
                raise _not_authorized(request.resource_id) from None
            raise fault_from_error(error) from None


def _fault_for_metadata(image_id: str, metadata: dict[str, Any]) -> Fault | None:
    """Return the fault for metadata that nobody may set on any image; None for other metadata.

    The fault is 403 for a reserved key, and 400 for a key or value that cannot be stored.
    """
    if any(is_reserved(key) for key in metadata):
        return _not_authorized(image_id)
    try:
        check_storable(metadata)
    except Fault as fault:
        return fault
    return None


def _not_authorized(image_id: str) -> Fault:
    return Fault(403, f"Not authorized for image {image_id}.")
