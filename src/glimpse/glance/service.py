"""GlanceImageService: the images of somebody's real Glance."""

import contextlib
import functools
import logging
from collections.abc import AsyncGenerator, Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import orjson

from glimpse.glance import responses
from glimpse.glance.client import GlanceClient, ServiceTokens
from glimpse.glance.error_diagnosis import unfit_filter, unstorable_property
from glimpse.glance.image_locks import ImageLocks
from glimpse.glance.list_pages import PagesAhead, read_page, walk
from glimpse.glance.options import GlanceOptions
from glimpse.glance.query_parameters import parameters
from glimpse.glance.responses import is_success
from glimpse.glance.schema import MOST_BYTES, ImageSchema
from glimpse.glance.servers import FindServer
from glimpse.images import (
    Action,
    Caller,
    Image,
    ImageQuery,
    Page,
    Permissions,
    PolicyRules,
    PropertyChanges,
    filter_pages,
    has_role,
)
from glimpse.images.errors import (
    ImageNotFound,
    ImageServiceError,
    Invalid,
    InvalidResponse,
    PropertyLimitExceeded,
    PropertyNotFound,
)
from glimpse.telemetry.broken_records import BrokenRecords

_broken = BrokenRecords(logging.getLogger(__name__), "image")
_JSON_PATCH = "application/openstack-images-v2.1-json-patch"
_RESERVED = "os_glance"  # Glance's own properties, which it lets nobody set or remove


class GlanceImageService:
    """An ImageService over HTTP; each call carries the caller's own token.

    Glance decides what the caller may do. What `rules` say besides is checked here: they can
    forbid more, but allow nothing that Glance forbids.

    Costs in calls: a list one per page, get and delete one, a change of properties two; and the
    image schema, once in `schema_max_age`.
    """

    def __init__(
        self,
        options: GlanceOptions,
        turns: ImageLocks,
        find_server: FindServer | None = None,
        service: ServiceTokens | None = None,
        rules: PolicyRules | None = None,
    ) -> None:
        """See GlanceClient."""
        self._permissions = Permissions(rules, delegated=True)
        self._options = options
        self._client = GlanceClient(options, find_server, service)
        self._turns = turns
        self._pages_ahead = PagesAhead()
        self._schema = ImageSchema(self._fetch_schema, options.schema_max_age)

    async def list_images(self, caller: Caller, query: ImageQuery) -> AsyncGenerator[Page, None]:
        """Yield the images page by page; see ImageService."""
        self._permissions.check(caller, Action.GET_IMAGES)
        accepts = self._permissions.list_filter(caller)
        if accepts is None:
            pages = self._pages(caller, query, query.limit)
        else:
            pages = filter_pages(self._pages(caller, query, None), accepts, query.limit)
        async with contextlib.aclosing(pages):
            async for page in pages:
                yield page

    async def _pages(
        self, caller: Caller, query: ImageQuery, limit: int | None
    ) -> AsyncGenerator[Page, None]:
        ask = functools.partial(self._ask_page, caller, query)
        parts = walk(
            ask,
            limit=limit,
            marker=query.marker,
            page_size=self._options.page_size,
            read=read_page,
            pages_ahead=self._pages_ahead,
        )
        async with contextlib.aclosing(parts):
            async for documents, last, more in parts:
                attributes = await self._schema.base_attributes(caller.token)
                yield Page([*_images(documents, attributes)], last=last, more=more)

    async def _ask_page(
        self, caller: Caller, query: ImageQuery, marker: str | None, limit: int
    ) -> responses.Answer:
        """One page of at most `limit` images. May raise TooLarge."""
        asked = [*parameters(query), ("limit", str(limit))]
        if marker is not None:
            asked.append(("marker", marker))
        answer = await self._client.call(
            "GET",
            "/v2/images",
            caller.token,
            parameters=asked,
            blame=functools.partial(unfit_filter, query),
            most_bytes=self._options.max_page_bytes if limit > 1 else None,
        )
        if not is_success(answer):
            raise responses.list_error(answer, marker)
        responses.check_containers(answer)
        return answer

    async def versions(self) -> dict[str, list[str] | ImageServiceError]:
        """The ids of the versions that each server has, or why it does not say.

        Raises Unavailable if it is not known where Glance is.
        """
        found: dict[str, list[str] | ImageServiceError] = {}
        for server in sorted((await self._client.servers()).order()):
            try:
                found[server] = await self._client.versions(server)
            except ImageServiceError as error:
                found[server] = error
        return found

    async def base_url(self) -> str:
        """Glance's base URL for everybody to see, without credentials and a slash at the end.

        Raises Unavailable if it is not known.
        """
        return (await self._client.servers()).first_shown

    async def get_image(self, caller: Caller, image_id: str) -> Image:
        """Return one image; see ImageService."""
        answer = await self._client.call("GET", path_of(image_id), caller.token)
        image = await self._image(answer, caller, image_id)
        self._permissions.check_visible(caller, image)
        return image

    async def change_properties(
        self, caller: Caller, image_id: str, changes: PropertyChanges
    ) -> Image:
        """Change the named properties and no others; see ImageService."""
        # Glance's usual database finds an id in any case: all its spellings are one image's.
        async with self._turns.turn(image_id.lower()):
            image = await self.get_image(caller, image_id)
            operations = patch(image.properties, changes)
            self._permissions.check(caller, Action.MODIFY_IMAGE, image)
            if not operations and not self._may_change_nothing(caller, image):
                # Glance decides: it is sent a change to what the attribute is already.
                operations = [{"op": "replace", "path": "/min_ram", "value": image.min_ram}]
            if operations:
                unfit = functools.partial(unstorable_property, image.properties, changes.set)
                answer = await self._client.call(
                    "PATCH",
                    path_of(image_id),
                    caller.token,
                    body=orjson.dumps(operations),
                    content_type=_JSON_PATCH,
                    blame=unfit,
                    idempotent=all(one["op"] == "add" for one in operations),
                )
                # Glance may lose an image on the way to such a key, and then it does not find it.
                if answer.status == HTTPStatus.NOT_FOUND and (why := unfit()):
                    raise Invalid(why)
                return await self._image(answer, caller, image_id)
        return image

    @staticmethod
    def _may_change_nothing(caller: Caller, image: Image) -> bool:
        """Return True if Glance certainly allows a write that changes nothing: it is not called."""
        mine = caller.is_admin or image.owner == caller.project_id
        return has_role(caller, Action.MODIFY_IMAGE) and (mine or image.visibility == "public")

    async def delete_image(self, caller: Caller, image_id: str) -> None:
        """Delete one image; see ImageService. With a rule for it, one more call gets the image."""
        if self._permissions.has_rule(Action.DELETE_IMAGE) or self._permissions.has_rule(
            Action.GET_IMAGE
        ):
            image = await self.get_image(caller, image_id)
            self._permissions.check(caller, Action.DELETE_IMAGE, image)
        answer = await self._client.call("DELETE", path_of(image_id), caller.token)
        if not is_success(answer):
            raise responses.image_error(answer, image_id)

    async def base_attributes(self, caller: Caller) -> frozenset[str]:
        """The attributes known from the Image API, and those that Glance's schema adds."""
        return await self._schema.base_attributes(caller.token)

    async def _fetch_schema(self, token: str) -> responses.Answer:
        return await self._client.call("GET", "/v2/schemas/image", token, most_bytes=MOST_BYTES)

    async def ping(self) -> str | None:
        """None when a Glance answers, else words for why not."""
        return await self._client.ping()

    async def close(self) -> None:
        """Close connections and leave the lock service."""
        await self._schema.close()
        await self._client.close()
        await self._turns.close()

    async def _image(self, answer: responses.Answer, caller: Caller, image_id: str) -> Image:
        """The image that Glance answered about; raises the error that it answered instead."""
        if not is_success(answer):
            raise responses.image_error(answer, image_id)
        attributes = await self._schema.base_attributes(caller.token)
        return responses.image(responses.document(answer), attributes)


def _images(documents: list[dict[str, Any]], attributes: frozenset[str]) -> Iterator[Image]:
    """Yield the images of a list; a document that is no image is left out and logged once."""
    for one in _emptying(documents):
        try:
            yield responses.image(one, attributes)
        except InvalidResponse as error:
            _broken.report(one.get("id") if isinstance(one, dict) else None, str(error))


def _emptying(documents: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each in turn, which is kept no longer: a page of them takes megabytes."""
    documents.reverse()
    while documents:
        yield documents.pop()


def path_of(image_id: str) -> str:
    """The quoted path of an image; ImageNotFound for a text that no path can name."""
    try:
        quoted = quote(image_id, safe="")
    except UnicodeEncodeError:
        raise ImageNotFound(image_id) from None
    if quoted in ("", ".", ".."):
        raise ImageNotFound(image_id)
    return f"/v2/images/{quoted}"


def patch(properties: Mapping[str, str | None], changes: PropertyChanges) -> list[dict[str, Any]]:
    """The JSON patch that makes `changes` of an image that has `properties`.

    ``add`` sets a key whether it exists or not (RFC 6902), so that a writer who bypasses the turns
    cannot make it fail, and neither can the same change made before.
    Raises PropertyNotFound or PropertyLimitExceeded.
    """
    for key in sorted(changes.remove - properties.keys()):
        raise PropertyNotFound(key)
    removed = set(changes.remove)
    if changes.replace:
        kept = changes.set.keys() | changes.keep
        removed |= {key for key in properties if key not in kept and not key.startswith(_RESERVED)}
    left = (properties.keys() - removed) | changes.set.keys() | changes.keep
    if changes.limit is not None and len(left) + changes.counted > changes.limit:
        raise PropertyLimitExceeded(changes.limit)
    return [
        *({"op": "remove", "path": _pointer(key)} for key in sorted(removed)),
        *(
            {"op": "add", "path": _pointer(key), "value": value}
            for key, value in changes.set.items()
            if properties.get(key) != value
        ),
    ]


def _pointer(key: str) -> str:
    """The JSON pointer of a key (RFC 6901)."""
    return "/" + key.replace("~", "~0").replace("/", "~1")
