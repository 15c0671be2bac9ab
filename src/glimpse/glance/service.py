"""GlanceImageService: implements ImageService with the Image API of a Glance."""

import asyncio
import contextlib
import functools
import sys
from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import Any

from glimpse.glance.client import GlanceClient
from glimpse.glance.endpoint import ServiceCatalog
from glimpse.glance.error_mapping import image_error, list_error
from glimpse.glance.image_document import parse_image, parse_images
from glimpse.glance.image_locks import ImageLocks
from glimpse.glance.list_pages import MAX_PREFETCHES, iterate_pages
from glimpse.glance.options import GlanceOptions
from glimpse.glance.property_patch import encode_patch, is_empty_patch_allowed, make_property_patch
from glimpse.glance.query_parameters import query_parameters
from glimpse.glance.request import GlanceRequest, encode_target, image_path, make_headers
from glimpse.glance.responses import check_containers, is_success, parse_document
from glimpse.glance.schema import MAX_BYTES, ImageSchema
from glimpse.glance.service_tokens import ServiceTokens
from glimpse.glance.unsupported_requests import diagnose_properties, diagnose_query
from glimpse.images import (
    Action,
    Caller,
    Image,
    ImageQuery,
    Page,
    Permissions,
    PolicyRules,
    PropertyChanges,
    ReadImage,
    filter_pages,
)
from glimpse.images.errors import ImageServiceError, Invalid
from glimpse.upstream.transport import Response, Transport

_JSON_PATCH = "application/openstack-images-v2.1-json-patch"


class GlanceImageService:
    """An ImageService over HTTP. Requests of a caller carry the caller's own token.

    `catalog` finds Glance if `options` name no server. Glance checks the caller's permissions. The
    operator's `rules` (None without policy files) are checked here as well: rules can forbid more
    than Glance, but cannot allow what Glance forbids. Methods that read or change images may raise
    NotAuthenticated, Unavailable or InvalidResponse. Closing the service closes `transport`,
    `service_tokens` and `image_locks`, but not `catalog`.
    """

    def __init__(
        self,
        options: GlanceOptions,
        transport: Transport,
        image_locks: ImageLocks,
        *,
        catalog: ServiceCatalog | None = None,
        service_tokens: ServiceTokens | None = None,
        rules: PolicyRules | None = None,
    ) -> None:
        self._permissions = Permissions(rules, is_delegated=True)
        self._options = options
        self._client = GlanceClient(options, transport, catalog, service_tokens)
        self._image_locks = image_locks
        self._prefetch_limit = asyncio.Semaphore(MAX_PREFETCHES)
        self.schema = ImageSchema(self._fetch_schema, options.schema_max_age)

    async def list_images(self, caller: Caller, query: ImageQuery) -> AsyncGenerator[Page, None]:
        """Yield pages of the images that match `query`, with at most `query.limit` images in all.

        Yields at least one page, which may be empty. Leaves out malformed images, and images that
        the operator's rules hide. Each page may raise Forbidden, Invalid, MarkerNotFound,
        MarkerNotVisible, NotAuthenticated, Unavailable or InvalidResponse.
        """
        self._permissions.check(caller, Action.GET_IMAGES)
        accepts = self._permissions.list_filter(caller)
        if accepts is None:
            pages = self._pages(caller, query, query.limit)
        else:
            pages = filter_pages(self._pages(caller, query, None), accepts, query.limit)
        async with contextlib.aclosing(pages):
            with contextlib.suppress(StopAsyncIteration):
                while True:
                    yield await anext(pages)  # a variable would keep the page in memory

    async def _pages(
        self, caller: Caller, query: ImageQuery, limit: int | None
    ) -> AsyncGenerator[Page, None]:
        """Yield pages of Glance's list, without malformed images, and without checking the rules.

        All pages together have at most `limit` images; None is no limit. Requests one image more,
        to tell ``has_more`` of the last page. Raises as `list_images`.
        """
        remaining = sys.maxsize if limit is None else limit
        pages = iterate_pages(
            functools.partial(self._fetch_page, caller, query),
            marker=query.marker,
            wanted=remaining + 1,  # to find out whether there are more
            page_size=self._options.page_size,
            prefetch_limit=self._prefetch_limit,
        )
        async with contextlib.aclosing(pages):
            async for documents, next_marker in pages:
                has_more = len(documents) > remaining
                del documents[remaining:]
                remaining -= len(documents)
                attributes = await self.schema.base_attributes(caller.token)
                images = [*parse_images(documents, attributes)]
                page = [Page(images, is_last=next_marker is None, has_more=has_more)]
                del documents, images
                yield page.pop()

    async def _fetch_page(
        self, caller: Caller, query: ImageQuery, marker: str | None, limit: int
    ) -> Response:
        """Request the page of at most `limit` images after `marker` (None: the first page).

        Returns a successful response. Raises the errors of `GlanceClient.send`, `list_error` and
        `check_containers`, and Invalid for a filter that is not valid Unicode.
        """
        all_parameters = [*query_parameters(query), ("limit", str(limit))]
        if marker is not None:
            all_parameters.append(("marker", marker))
        options = self._options
        response = await self._client.send(
            GlanceRequest(
                "GET",
                encode_target("/v2/images", all_parameters),
                make_headers(caller.token),
                options.max_page_bytes if limit > 1 else options.max_image_bytes,
                diagnosis=functools.partial(diagnose_query, query),
            )
        )
        if not is_success(response):
            raise list_error(response, marker)
        check_containers(response)
        return response

    async def versions(self) -> dict[str, list[str] | ImageServiceError]:
        """Return each server's API version ids, or the error of the request, by base URL.

        Calls one server after the other, in sorted order, each for at most `total_timeout` seconds.
        A base URL may have a password. Raises Unavailable if the servers cannot be looked up.
        """
        found: dict[str, list[str] | ImageServiceError] = {}
        for server in sorted((await self._client.servers()).order()):
            try:
                found[server] = await self._client.versions(server)
            except ImageServiceError as error:
                found[server] = error
        return found

    async def base_url(self) -> str:
        """Return Glance's base URL for links, without credentials and without a slash at its end.

        Raises Unavailable if the servers cannot be looked up.
        """
        return (await self._client.servers()).public_url

    async def get_image(self, caller: Caller, image_id: str) -> Image:
        """Return the image with this id, which may be any text.

        Raises ImageNotFound if the image does not exist, or if Glance or a rule of the operator
        hides the image. Any other unsuccessful response raises the error of `error_from_response`.
        """
        response = await self._client.send(self._request("GET", caller, image_id))
        image = await self._parse_response(response, caller, image_id)
        self._permissions.check_visible(caller, image)
        return image

    async def change_properties(
        self,
        caller: Caller,
        image_id: str,
        changes: PropertyChanges,
        read_image: ReadImage | None = None,
    ) -> Image:
        """Apply `changes` under the image's lock; return the image as it is afterwards.

        `read_image` (None: `get_image`) reads the image. Even if nothing changes, sends a PATCH for
        Glance to check the permission, unless `is_empty_patch_allowed`. Raises, in this order:

        - Unavailable if the lock cannot be acquired
        - the errors of `read_image`
        - PropertyNotFound for a key to remove that the image does not have
        - PropertyLimitExceeded for more than `changes.limit` properties
        - Forbidden if a rule forbids the change
        - Invalid if a property has a lone surrogate, or Glance cannot store it
        - the error of `image_error`, such as Forbidden or Conflict, if Glance refuses the PATCH
        - Unavailable if Glance does not respond; it may still make the change
        """
        # Glance's usual database ignores the case of an id: all spellings are one image's.
        async with self._image_locks.lock(image_id.lower()):
            image = await (read_image or self.get_image)(caller, image_id)
            operations = make_property_patch(image.properties, changes)
            self._permissions.check(caller, Action.MODIFY_IMAGE, image)
            if not operations and not is_empty_patch_allowed(caller, image):
                # So that Glance checks the permission: set an attribute to its present value.
                operations = [{"op": "replace", "path": "/min_ram", "value": image.min_ram}]
            if operations:
                return await self._patch(caller, image_id, image, changes, operations)
        return image

    async def _patch(
        self,
        caller: Caller,
        image_id: str,
        image: Image,
        changes: PropertyChanges,
        operations: list[dict[str, Any]],
    ) -> Image:
        """Send `operations`, a JSON patch with `changes` to `image`; return the changed image.

        Raises Invalid if Glance responds 500 or 404 because it cannot store a property. Otherwise
        raises the errors of `encode_patch`, `GlanceClient.send` and `_parse_response`.
        """
        diagnosis = functools.partial(diagnose_properties, image.properties, changes.set)
        response = await self._client.send(
            GlanceRequest(
                "PATCH",
                image_path(image_id),
                make_headers(caller.token, _JSON_PATCH),
                self._options.max_image_bytes,
                encode_patch(operations),
                is_idempotent=all(operation["op"] == "add" for operation in operations),
                diagnosis=diagnosis,
            )
        )
        # For some keys that it cannot store, Glance responds that there is no such image.
        if response.status == HTTPStatus.NOT_FOUND and (explanation := diagnosis()):
            raise Invalid(explanation)
        return await self._parse_response(response, caller, image_id)

    async def delete_image(
        self, caller: Caller, image_id: str, read_image: ReadImage | None = None
    ) -> None:
        """Delete an image and its data.

        If the operator has a rule for getting or deleting images, `read_image` (None: `get_image`)
        reads the image first. Raises ImageNotFound if the image is not visible, and Forbidden if a
        rule or Glance forbids the deletion. Any other unsuccessful response raises the error of
        `error_from_response`. After Unavailable, Glance may still delete the image.
        """
        if self._permissions.has_rule(Action.DELETE_IMAGE) or self._permissions.has_rule(
            Action.GET_IMAGE
        ):
            image = await (read_image or self.get_image)(caller, image_id)
            self._permissions.check(caller, Action.DELETE_IMAGE, image)
        response = await self._client.send(self._request("DELETE", caller, image_id))
        if not is_success(response):
            raise image_error(response, image_id)

    async def base_attributes(self, caller: Caller) -> frozenset[str]:
        """Return the keys of attributes: those of the Image API, and those in Glance's schema.

        Waits for the first fetch of the schema, but not for later fetches. Raises nothing.
        """
        return await self.schema.base_attributes(caller.token)

    async def _fetch_schema(self, token: str) -> Response:
        return await self._client.send(
            GlanceRequest("GET", "/v2/schemas/image", make_headers(token), MAX_BYTES)
        )

    async def ping(self) -> str | None:
        """Return None if any server of Glance responds, otherwise the reason why none does."""
        return await self._client.ping()

    async def close(self) -> None:
        """Cancel background requests; close the transport, service tokens and locks.

        Call this after all requests: a request in progress fails. The catalog stays open.
        """
        self.schema.close()
        await self._client.close()
        await self._image_locks.close()

    def _request(self, method: str, caller: Caller, image_id: str) -> GlanceRequest:
        """Return a request for one image. Raises ImageNotFound if no path can have this id."""
        return GlanceRequest(
            method,
            image_path(image_id),
            make_headers(caller.token),
            self._options.max_image_bytes,
        )

    async def _parse_response(self, response: Response, caller: Caller, image_id: str) -> Image:
        """Return the image in a response. May wait for the first fetch of the schema.

        Raises the error of `image_error` for an unsuccessful response, and InvalidResponse or
        TooLarge for a malformed one.
        """
        if not is_success(response):
            raise image_error(response, image_id)
        attributes = await self.schema.base_attributes(caller.token)
        return parse_image(parse_document(response), attributes)
