"""The ten operations: from a parsed request, through the ImageService, to a document."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from glimpse.compute.faults import Fault, fault_from_error, no_such_resource
from glimpse.compute.list_query import ListRequest, parse_list_request
from glimpse.compute.metadata import (
    check_storable,
    is_reserved,
    parse_body,
    property_changes,
    shown_metadata,
)
from glimpse.compute.policy import ComputePolicy
from glimpse.compute.render_cache import render_detail
from glimpse.compute.responses import plain_json
from glimpse.compute.routes import Operation
from glimpse.compute.views import Links, basic_view, detail_view
from glimpse.images import (
    Action,
    Caller,
    Image,
    ImageService,
    Page,
    PropertyChanges,
    has_role,
)
from glimpse.images.errors import Forbidden

_IN_ONE_PIECE = 200  # a longer list is streamed, as is one of more than:
_CHARACTERS_IN_ONE_PIECE = 400_000  # of properties


@dataclass(frozen=True, slots=True)
class ComputeRequest:
    """One request, parsed as far as all operations need it. `body` is parsed JSON, or None."""

    caller: Caller
    query_string: bytes
    body: Any
    image_id: str
    key: str
    links: Links
    legacy: bool


@dataclass(frozen=True, slots=True)
class Streamed:
    """A document that is made while it is sent: pieces of JSON text."""

    pieces: AsyncGenerator[bytes, None]


Answer = bytes | Streamed | None


class Operations:
    """The operations of the Compute Images API over one image service.

    `metadata_items` is the most metadata items of an image; `policy` has the operator's rules.
    Each method returns a JSON text, a Streamed one, or None for 204; it raises Fault or an error
    of `images.errors`.
    """

    def __init__(
        self, images: ImageService, *, metadata_items: int, policy: ComputePolicy | None = None
    ) -> None:
        self._images = images
        self._policy = policy or ComputePolicy()
        self._metadata_items = metadata_items

    def handler(
        self, operation: Operation, caller: Caller
    ) -> Callable[[ComputeRequest], Awaitable[Answer]]:
        """The method for an operation of `routes.ROUTES`, which `caller` has asked for.

        Raises Fault for a token without a project (repair R10: Compute answers 500), and for what
        a policy rule forbids. What the caller may do with an image, the image service decides.
        """
        if caller.project_id is None:
            raise Fault(403, "Images need a token that is scoped to a project; this one is not.")
        if (rule := self._policy.refused_by(caller, operation)) is not None:
            raise Fault(403, f"Policy doesn't allow {rule} to be performed.")
        method: Callable[[ComputeRequest], Awaitable[Answer]] = getattr(self, operation)
        return method

    async def list_images(self, request: ComputeRequest) -> Answer:
        """``GET /images``."""
        return await self._list(request, "/images", lambda image: basic_view(image, request.links))

    async def list_images_detail(self, request: ComputeRequest) -> Answer:
        """``GET /images/detail``."""
        links, show_size = request.links, self._policy.shows_size(request.caller)
        return await self._list(
            request,
            "/images/detail",
            lambda image: render_detail(image, links, show_size=show_size),
        )

    async def _list(
        self, request: ComputeRequest, path: str, view: Callable[[Image], object]
    ) -> Answer:
        asked = parse_list_request(request.query_string)
        pages = self._images.list_images(request.caller, asked.query)
        first = await _put_together(pages)
        url = request.links.versioned + path
        if first.last:
            await pages.aclose()  # left to the event loop, its end would cost a task
            document: dict[str, Any] = {"images": [view(image) for image in first.images]}
            if first.more:
                document["images_links"] = _next_link(url, asked, first.images[-1])
            return orjson.dumps(document) if first.images else plain_json(document)
        return Streamed(_stream(first, pages, view, lambda last: _next_link(url, asked, last)))

    async def show_image(self, request: ComputeRequest) -> Answer:
        """``GET /images/{id}``."""
        image = await self._images.get_image(request.caller, request.image_id)
        show_size = self._policy.shows_size(request.caller)
        return orjson.dumps({"image": detail_view(image, request.links, show_size=show_size)})

    async def delete_image(self, request: ComputeRequest) -> Answer:
        """``DELETE /images/{id}``."""
        try:
            await self._images.delete_image(request.caller, request.image_id)
        except Forbidden:
            raise Fault(403, "You are not allowed to delete the image.") from None
        return None

    async def list_metadata(self, request: ComputeRequest) -> Answer:
        """``GET /images/{id}/metadata``."""
        image = await self._images.get_image(request.caller, request.image_id)
        return plain_json({"metadata": shown_metadata(image.properties)})

    async def show_metadata_item(self, request: ComputeRequest) -> Answer:
        """``GET /images/{id}/metadata/{key}``."""
        image = await self._images.get_image(request.caller, request.image_id)
        metadata = shown_metadata(image.properties)
        if request.key not in metadata:
            raise no_such_resource()
        return plain_json({"meta": {request.key: metadata[request.key]}})

    async def create_metadata(self, request: ComputeRequest) -> Answer:
        """``POST /images/{id}/metadata``: merge, answer everything."""
        metadata = parse_body(request.body, "metadata", legacy=request.legacy)
        image = await self._write(request, metadata, replace=False)
        return plain_json({"metadata": shown_metadata(image.properties)})

    async def replace_metadata(self, request: ComputeRequest) -> Answer:
        """``PUT /images/{id}/metadata``: replace all, answer what was sent."""
        metadata = parse_body(request.body, "metadata", legacy=request.legacy)
        await self._write(request, metadata, replace=True)
        return plain_json({"metadata": metadata})

    async def set_metadata_item(self, request: ComputeRequest) -> Answer:
        """``PUT /images/{id}/metadata/{key}``: answer what was sent."""
        meta = parse_body(request.body, "meta", legacy=request.legacy)
        if request.key not in meta:
            raise Fault(400, "Request body and URI mismatch")
        await self._write(request, meta, replace=False)
        return plain_json({"meta": meta})

    async def delete_metadata_item(self, request: ComputeRequest) -> Answer:
        """``DELETE /images/{id}/metadata/{key}``."""
        if request.key in await self._images.base_attributes(request.caller):
            await self._images.get_image(request.caller, request.image_id)
            raise Fault(404, "Invalid metadata key")
        await self._change(request, PropertyChanges(remove=frozenset((request.key,))))
        return None

    async def _write(
        self, request: ComputeRequest, metadata: dict[str, Any], *, replace: bool
    ) -> Image:
        refusal = self._refusal(request, metadata)
        if refusal is not None:
            image = await self._images.get_image(request.caller, request.image_id)
            kept = 0 if replace else len(image.properties.keys() - metadata.keys())
            if kept + len(metadata) > self._metadata_items:
                raise Fault(403, "Image metadata limit exceeded")
            mine = request.caller.is_admin or image.owner == request.caller.project_id
            if not (mine and has_role(request.caller, Action.MODIFY_IMAGE)):
                raise _not_authorized(request.image_id)
            raise refusal
        changes = property_changes(
            metadata,
            await self._images.base_attributes(request.caller),
            replace=replace,
            limit=self._metadata_items,
        )
        return await self._change(request, changes)

    @staticmethod
    def _refusal(request: ComputeRequest, metadata: dict[str, Any]) -> Fault | None:
        """The fault for items that nobody may set; of an image that is not found, that is told."""
        if any(is_reserved(key) for key in metadata):
            return _not_authorized(request.image_id)
        try:
            check_storable(metadata)
        except Fault as fault:
            return fault
        return None

    async def _change(self, request: ComputeRequest, changes: PropertyChanges) -> Image:
        try:
            return await self._images.change_properties(request.caller, request.image_id, changes)
        except Forbidden as error:
            if type(error) is Forbidden:
                raise _not_authorized(request.image_id) from None
            raise fault_from_error(error) from None


def _not_authorized(image_id: str) -> Fault:
    return Fault(403, f"Not authorized for image {image_id}.")


def _next_link(url: str, asked: ListRequest, last: Image) -> list[dict[str, str]]:
    return [{"rel": "next", "href": f"{url}?{asked.next_parameters(last.id)}"}]


async def _put_together(pages: AsyncIterator[Page]) -> Page:
    """The first pages as one, which is long enough to be worth streaming what follows, or last.

    A service's pages may be short or empty where few of what it read was to be listed.
    """
    page = await anext(pages)
    while not page.last and not _is_long(page.images):
        following = await anext(pages)
        page = following._replace(images=[*page.images, *following.images])
    return page


def _is_long(images: Sequence[Image]) -> bool:
    return (
        len(images) >= _IN_ONE_PIECE
        or sum(len(image.properties_json) for image in images) > _CHARACTERS_IN_ONE_PIECE
    )


async def _stream(
    page: Page,
    pages: AsyncGenerator[Page, None],
    view: Callable[[Image], object],
    next_link: Callable[[Image], list[dict[str, str]]],
) -> AsyncGenerator[bytes, None]:
    """The JSON text of a list, a piece for each page; what was sent is not kept."""
    separator = b'{"images":['
    shown: Image | None = None
    async with contextlib.aclosing(pages):
        while True:
            images, last, more = page
            if images:
                shown = images[-1]
                piece = separator + orjson.dumps([view(image) for image in images])[1:-1]
                separator = b","
                del page, images  # a client may be slow to take the piece,
                yield piece
                del piece  # and Glance to make the next page: many who wait take little
            if last:
                break
            page = await anext(pages)
    opening = separator if separator != b"," else b""
    # A last page may be empty: then the link starts after an image of the page before.
    links = b',"images_links":' + orjson.dumps(next_link(shown)) if more and shown else b""
    yield opening + b"]" + links + b"}"
