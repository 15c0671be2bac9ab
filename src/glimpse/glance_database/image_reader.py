"""ImageReader: reads images from Glance's database as Glance itself would show them."""

import asyncio
import contextlib
import sys
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable

from glimpse.glance_database.connection import Row
from glimpse.glance_database.database import Database
from glimpse.glance_database.errors import ValueRefused
from glimpse.glance_database.filters import filter_conditions
from glimpse.glance_database.list_indexes import indexes_of_list
from glimpse.glance_database.list_reader import Listing, ListReader
from glimpse.glance_database.policy import GlanceCaller, GlancePolicy, GlanceRules
from glimpse.glance_database.rows import PROPERTIES, make_image, make_listed_image, replace_nulls
from glimpse.glance_database.statements import (
    Position,
    position,
    select_image,
    select_marker,
)
from glimpse.glance_database.visibility import is_visible, list_condition
from glimpse.images import Caller, Image, ImageQuery, Page
from glimpse.images.errors import (
    Forbidden,
    ImageNotFound,
    Invalid,
    MarkerNotFound,
    MarkerNotVisible,
)

_MAX_ID_LENGTH = 36  # characters, of Glance's column
_FIRST_PAGE_SIZE = 500  # images; the size of the next page depends on the bytes of this page
_ROWS_AT_ONCE = 100  # then other requests get a turn, because the policy may take long for a row
_MAX_PAGE_BYTES = 4 * 1024 * 1024  # approximate bytes of the properties of all images of a page


class ImageReader:
    """Reads images from `database`, as far as Glance's policy allows them to the caller.

    `rules` are the rules of Glance's policy. `all_keys` gets a caller's token and returns the keys
    of Glance's image schema. A page of a list has at most `page_size` images. Methods raise
    DatabaseError if the database fails. `get_image` and `list_images` also raise the errors of
    `all_keys`.
    """

    def __init__(
        self,
        database: Database,
        rules: GlanceRules,
        all_keys: Callable[[str], Awaitable[frozenset[str]]],
        page_size: int,
    ) -> None:
        self._database = database
        self._policy = GlancePolicy(rules)
        self._all_keys = all_keys
        self._page_size = page_size
        self._lists = ListReader(database)

    async def get_image(self, caller: Caller, image_id: str) -> Image:
        """Return an image if Glance would show the image to the caller.

        Raises the first of these errors that applies:

        - ImageNotFound if `image_id` has more than 36 characters, or one that is not ASCII.
        - ValueRefused if `image_id` has a NUL character.
        - ImageNotFound if no image has the id.
        - InvalidResponse if the row of the image is malformed, or its properties exceed 16 MiB.
        - ImageNotFound if the caller may not see the image.
        """
        if len(image_id) > _MAX_ID_LENGTH or not image_id.isascii():  # MySQL finds e for é
            raise ImageNotFound(image_id)
        if "\0" in image_id:
            raise ValueRefused("a NUL character")
        row = await self._read_row(image_id, caller.project_id)
        if row is not None:
            image, is_member = await self._without_nulls(caller, make_image(row)), bool(row[-1])
            reader = self._policy.identify(caller)
            if _is_visible_to(reader, image, is_member=is_member) and reader.may_get(image):
                return image
        raise ImageNotFound(image_id)

    async def list_images(self, caller: Caller, query: ImageQuery) -> AsyncGenerator[Page, None]:
        """Yield pages of the images that Glance would list, newest first.

        Yields at least one page; a page may be empty. Only the last page has ``is_last`` set. All
        pages together have at most `query.limit` images; None is no limit. Images that the policy
        hides do not count. Malformed rows are logged and left out. `filters.is_supported(query)`
        must be True.

        Before the first page, raises Forbidden if the caller may not list images. Raises Invalid if
        the marker is empty or has more than 36 characters. Raises MarkerNotFound if no image has
        this id, or if the image is deleted and the caller is no admin. Raises MarkerNotVisible if
        the caller may not see the image.
        """
        reader = self._policy.identify(caller)
        if not reader.may_list():
            raise Forbidden("You are not authorized to complete get_images action.")
        after = None if query.marker is None else await self._find_marker(reader, query.marker)
        pages = self._read_pages(caller, reader, query, after)
        async with contextlib.aclosing(pages):
            with contextlib.suppress(StopAsyncIteration):
                while True:
                    yield await anext(pages)  # a variable would keep the page in memory

    async def _read_pages(
        self, caller: Caller, reader: GlanceCaller, query: ImageQuery, after: Position | None
    ) -> AsyncGenerator[Page, None]:
        """Yield the pages of `list_images` that follow the position `after` (None: all pages).

        A page ends once its properties have some 4 MiB or more. So a page with large properties has
        fewer images.
        """
        listing = _make_listing(reader, query)
        remaining = sys.maxsize if query.limit is None else query.limit
        size = min(_FIRST_PAGE_SIZE, self._page_size)
        wanted = remaining
        while True:
            count = min(size, wanted)
            rows = deque(await self._lists.read_page(listing, after, count + 1))
            has_more = len(rows) > count
            if has_more:
                rows.pop()
            count, total_bytes, listed = len(rows), 0, 0
            after = position(rows[-1]) if rows else after
            while True:
                images = await self._take_images(caller, reader, rows, remaining)
                total_bytes += sum(len(image.properties_json) for image in images)
                listed += len(images)
                remaining -= len(images)
                follows = has_more or bool(rows)
                end = remaining == 0 or not follows
                page = [Page(images, is_last=end, has_more=end and follows)]
                del images  # a slow client may take long to receive the page
                yield page.pop()
                if end:
                    return
                if not rows:
                    break
            # If the policy hides many images, a limit of one must not take a query for each.
            wanted = remaining if listed == count else max(remaining, 2 * count)
            size = max(1, min(self._page_size, _MAX_PAGE_BYTES * count // max(1, total_bytes)))

    async def _take_images(
        self, caller: Caller, reader: GlanceCaller, rows: deque[Row], most: int
    ) -> list[Image]:
        """Take rows from the left of `rows`, and return at most `most` images that they hold.

        Stops after `most` images or some 4 MiB of properties, so rows may be left. Leaves out
        images that the caller may not get. Logs and leaves out malformed rows. A row without
        properties is of an image whose properties are large: reads that image alone. Lets other
        tasks run after every 100 rows.
        """
        images: list[Image] = []
        size = 0
        before = len(rows)
        while rows and len(images) < most and size < _MAX_PAGE_BYTES:
            row = rows.popleft()
            if row[PROPERTIES] is None:
                image = await self._read_large_image(reader, row[0])
            else:
                image = make_listed_image(row)
            if image is not None and reader.may_get(image):
                images.append(await self._without_nulls(caller, image))
                size += len(image.properties_json)
            if (before - len(rows)) % _ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return images

    async def _read_large_image(self, reader: GlanceCaller, image_id: str) -> Image | None:
        """Read a single image, because its properties were too large for a page of a list.

        Returns None if the image no longer exists, if the caller no longer sees the image, or if
        its row is malformed. A malformed row is logged. Does not evaluate the policy.
        """
        row = await self._read_row(image_id, reader.project_id)
        image = None if row is None else make_listed_image(row)
        if row is None or image is None:
            return None
        return image if _is_visible_to(reader, image, is_member=bool(row[-1])) else None

    async def _read_row(self, image_id: str, project_id: str | None) -> Row | None:
        """Return the row of an image; None if the image does not exist.

        `statements.select_image` has the columns. The last column says if the image is shared with
        `project_id`, the caller's project. If this is None, it says if the image has any member.
        """
        statement = select_image(self._database.dialect, image_id, project_id)
        return await self._database.fetch_row(statement)

    async def _without_nulls(self, caller: Caller, image: Image) -> Image:
        """Return the image with empty texts in place of null properties, as Glance shows it.

        A property that Glance's image schema declares stays null. The schema is fetched only if the
        image may have a null property. Raises the errors of `all_keys`.
        """
        if ":null" not in image.properties_json:  # nearly always
            return image
        return replace_nulls(image, await self._all_keys(caller.token))

    async def _find_marker(self, reader: GlanceCaller, marker: str) -> Position:
        """Return the position of the image whose id is `marker`.

        Raises Invalid if `marker` is empty or has more than 36 characters. Raises MarkerNotFound if
        no image has this id, or if the image is deleted and the caller is no admin. Raises
        MarkerNotVisible if the caller may not see the image.
        """
        if len(marker) > _MAX_ID_LENGTH:
            raise Invalid("Image with the given id %(image_id)s was not found")  # as Glance says
        if not marker:
            raise Invalid("No image found with ID")
        row = await self._database.fetch_row(select_marker(marker, reader.project_id))
        if row is None:
            raise MarkerNotFound(marker)
        image_id, created_at, is_deleted, owner, visibility, is_member = row
        if is_deleted and not reader.is_admin:
            raise MarkerNotFound(marker)
        if not is_visible(
            owner,
            visibility,
            reader.project_id,
            is_admin=reader.is_admin,
            is_member=bool(is_member),
        ):
            raise MarkerNotVisible(marker)
        return Position(created_at, image_id)


def _is_visible_to(reader: GlanceCaller, image: Image, *, is_member: bool) -> bool:
    """Return True if the owner and visibility of the image let the caller `reader` see it.

    `is_member` is True if the image is shared with the caller's project. The policy is not
    evaluated.
    """
    return is_visible(
        image.owner,
        image.visibility,
        reader.project_id,
        is_admin=reader.is_admin,
        is_member=is_member,
    )


def _make_listing(reader: GlanceCaller, query: ImageQuery) -> Listing:
    """Return the Listing of the images that Glance lists for the caller and the query."""
    project_id, is_admin = reader.project_id, reader.is_admin
    visible = list_condition(project_id, query.visibility, query.member_status, is_admin=is_admin)
    filters = [*filter_conditions(query)]
    conditions = filters if visible is None else [*filters, visible]
    indexes = indexes_of_list(query, project_id, is_admin=is_admin)
    sql = "".join(condition.sql for condition in filters)
    return Listing(conditions, indexes, (project_id, query.owner, query.visibility, sql))
