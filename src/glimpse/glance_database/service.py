"""GlanceDatabaseImageService: reads Glance's database, and writes through Glance's API."""

import contextlib
import dataclasses
import logging
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager

from glimpse.glance import GlanceImageService
from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.errors import (
    DatabaseBusy,
    DatabaseError,
    UnknownSchema,
    ValueRefused,
)
from glimpse.glance_database.filters import is_supported
from glimpse.glance_database.image_reader import ImageReader
from glimpse.glance_database.replicated_reads import ReplicatedReads
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
)
from glimpse.images.errors import Unavailable

_LOG = logging.getLogger(__name__)
_UNAVAILABLE = "The Image service's database cannot be read."


class GlanceDatabaseImageService:
    """An ImageService that reads Glance's database and writes through Glance's API.

    Responses are those that Glance would give to the caller. Two kinds of reads are sent to Glance:
    lists for which `filters.is_supported` is false, and reads with a value that the database cannot
    compare. While the database cannot be read, all reads are sent to Glance if `falls_back` is
    true; otherwise reads raise Unavailable. The operator's `rules` are checked as in
    GlanceImageService.

    A write that needs the present image reads it with `reader`, so Glance gets only the write.
    `reader` reads `database`, the primary, which Glance writes to. `replicated` has the reader of
    the replicas; None if there are none. Closing the service closes `glance`, `database` and
    `replicated`.
    """

    def __init__(
        self,
        glance: GlanceImageService,
        database: GlanceDatabase,
        reader: ImageReader,
        *,
        falls_back: bool,
        rules: PolicyRules | None = None,
        replicated: ReplicatedReads | None = None,
    ) -> None:
        self._glance = glance
        self._database = database
        self._reader = reader
        self._replicated = replicated
        self._falls_back = falls_back
        self._permissions = Permissions(rules, is_delegated=True)

    async def list_images(self, caller: Caller, query: ImageQuery) -> AsyncGenerator[Page, None]:
        """Yield the pages of a list; `ImageService.list_images` says which, and the errors.

        A query that is not supported, or has a value that the database cannot compare, is read from
        Glance's API. If the database fails, also between two pages, the rest of the list is read
        from Glance's API if `falls_back` is true; otherwise raises Unavailable.
        """
        if not is_supported(query):
            pages = self._glance.list_images(caller, query)
        else:
            self._permissions.check(caller, Action.GET_IMAGES)
            accepts = self._permissions.list_filter(caller)
            if accepts is None:
                pages = self._pages(caller, query)
            else:
                without_limit = dataclasses.replace(query, limit=None)
                pages = filter_pages(self._pages(caller, without_limit), accepts, query.limit)
        async with contextlib.aclosing(pages):
            with contextlib.suppress(StopAsyncIteration):
                while True:
                    yield await anext(pages)  # a variable would keep the page in memory

    async def _pages(self, caller: Caller, query: ImageQuery) -> AsyncGenerator[Page, None]:
        """Yield pages of a list, with at most `query.limit` images, without checking the rules.

        `filters.is_supported(query)` must be True. Before the first page, raises Forbidden,
        Invalid, MarkerNotFound or MarkerNotVisible. After an error of the database, yields the rest
        of the list from Glance's API if the error is a ValueRefused or `falls_back` is true;
        otherwise raises Unavailable. The rest may raise the errors of Glance's API: MarkerNotFound,
        for example, if the last image has been deleted meanwhile.
        """
        last_id, remaining = query.marker, query.limit
        try:
            reader = self._reader_of(None)
            async with contextlib.aclosing(reader.list_images(caller, query)) as pages:
                async for found in pages:
                    if found.images:
                        last_id = found.images[-1].id
                    if remaining is not None:
                        remaining -= len(found.images)
                    unsent = [found]
                    del found
                    yield unsent.pop()
        except DatabaseError as error:
            self._check_fallback(error)
        else:
            return
        rest = dataclasses.replace(query, marker=last_id, limit=remaining)
        async with contextlib.aclosing(self._glance.list_images(caller, rest)) as pages:
            async for page in pages:
                yield page

    async def get_image(self, caller: Caller, image_id: str) -> Image:
        """Return the image with this id.

        Raises ImageNotFound if the image does not exist or the caller cannot see it, and
        InvalidResponse if its row is malformed or too large. If the database cannot be read,
        returns Glance's image if `falls_back` is true, otherwise raises Unavailable. If the
        database cannot compare the id, always returns Glance's image. Glance's API may raise other
        ImageServiceErrors.
        """
        return await self._get_image(self._reader_of(image_id), caller, image_id)

    async def _get_image(self, reader: ImageReader, caller: Caller, image_id: str) -> Image:
        try:
            image = await reader.get_image(caller, image_id)
        except DatabaseError as error:
            self._check_fallback(error)
            return await self._glance.get_image(caller, image_id)
        self._permissions.check_visible(caller, image)
        return image

    async def change_properties(
        self, caller: Caller, image_id: str, changes: PropertyChanges
    ) -> Image:
        """Change properties through Glance's API; return the changed image.

        `ImageService.change_properties` says which errors are raised. Records the write, also after
        an error, so that the image is read from the primary until the replicas must have the
        change.
        """
        with self._recorded_write(image_id):
            return await self._glance.change_properties(
                caller, image_id, changes, read_image=self._read_for_write
            )

    async def delete_image(self, caller: Caller, image_id: str) -> None:
        """Delete an image and its data through Glance's API.

        Raises ImageNotFound if the image does not exist or the caller cannot see it, Forbidden if
        it is protected or the caller may not delete it, and Conflict if it is in use. After
        Unavailable, InvalidResponse or NotAuthenticated, Glance may have deleted the image.

        Records the write, also after an error, so that the image is read from the primary until the
        replicas must have the change.
        """
        with self._recorded_write(image_id):
            await self._glance.delete_image(caller, image_id, read_image=self._read_for_write)

    async def _read_for_write(self, caller: Caller, image_id: str) -> Image:
        """Return the image from the primary, and record that a write is about to be made.

        If the primary cannot be read, returns Glance's image if `falls_back` is true. If the
        database cannot compare the id, returns Glance's image. Raises the errors of `get_image`.
        """
        image = await self._get_image(self._reader, caller, image_id)
        if self._replicated is not None:
            self._replicated.record_write(image_id)
        return image

    def _recorded_write(self, image_id: str) -> AbstractContextManager[None]:
        if self._replicated is None:
            return contextlib.nullcontext()
        return self._replicated.recorded_write(image_id)

    def _reader_of(self, image_id: str | None) -> ImageReader:
        """Return the reader to use for an image; with None, the reader to use for a list.

        This is the reader of the replicas if there are replicas and `ReplicatedReads.may_read` is
        True. Otherwise this is the reader of the primary.
        """
        replicated = self._replicated
        if replicated is None or not replicated.may_read(image_id):
            return self._reader
        return replicated.reader

    async def base_attributes(self, caller: Caller) -> frozenset[str]:
        """Return the keys of an image document that are attributes, as Glance's schema has them.

        Glance's schema is fetched with the token of `caller`, and only the first fetch makes
        callers wait. Raises nothing: if the fetch fails, returns the last known keys.
        """
        return await self._glance.base_attributes(caller)

    async def close(self) -> None:
        """Close the database, its replicas, and Glance's API client.

        Call this when all calls of the other methods have ended.
        """
        await self.close_database()
        await self._glance.close()

    async def close_database(self) -> None:
        """Close the connections to the database and its replicas, but not Glance's API client."""
        if self._replicated is not None:
            await self._replicated.close()
        await self._database.close()

    async def check_schema(self) -> None:
        """Check at the start that the database can be read, and that Glimpse knows its schema.

        Raises UnknownSchema if Glimpse does not know the schema of the database. Any other failure
        is only logged, because the database may be available later. Then checks the replicas; all
        their failures are only logged.
        """
        try:
            await self._database.check()
        except UnknownSchema:
            raise
        except DatabaseError as error:
            _LOG.warning("Glance's database cannot be read yet: %s.", error)
        if self._replicated is not None:
            await self._replicated.check_at_start()

    async def replica_failure(self) -> str | None:
        """Check all replicas; return why some cannot be read, or None if all can be read.

        The text has the reason of each replica that cannot be read, and no addresses. Without
        replicas, the result is None.
        """
        return None if self._replicated is None else await self._replicated.failure()

    async def read_failure(self) -> str | None:
        """Check the database; return why it cannot be read, or None if it can be read.

        The check is `GlanceDatabase.check`, with its timeout. A database whose connections are all
        in use counts as one that can be read. The text names the revision of an unknown schema;
        after any other failure, it is ``it cannot be read``.
        """
        try:
            await self._database.check()
        except UnknownSchema as error:
            return str(error)
        except DatabaseBusy:
            return None
        except DatabaseError:
            return "it cannot be read"
        return None

    def _check_fallback(self, error: DatabaseError) -> None:
        """Check that a read that failed with `error` may be sent to Glance's API.

        It may be sent if `error` is a ValueRefused, or if `falls_back` is true: then logs `error`
        at level DEBUG. Otherwise raises Unavailable.
        """
        if not self._falls_back and not isinstance(error, ValueRefused):
            raise Unavailable(_UNAVAILABLE) from error
        _LOG.debug("Glance's API is used, because the database cannot be: %s", error)
