"""ImageReader: reads images from Glance's database as Glance itself would show them."""

from collections.abc import AsyncGenerator, Awaitable, Callable

from glimpse.glance_database.conditions import Condition
from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.errors import ValueRefused
from glimpse.glance_database.filters import filter_conditions
from glimpse.glance_database.policy import GlanceCaller, GlanceRules
from glimpse.glance_database.rows import COLUMNS, make_image, make_images, replace_nulls
from glimpse.glance_database.statements import (
    Position,
    select_image,
    select_marker,
    select_page,
)
from glimpse.glance_database.visibility import is_visible, listed
from glimpse.images import Caller, Image, ImageQuery, Page
from glimpse.images.errors import (
    Forbidden,
    ImageNotFound,
    Invalid,
    MarkerNotFound,
    MarkerNotVisible,
)

_MAX_ID_LENGTH = 36  # characters, of Glance's column
_CREATED = COLUMNS.index("created_at")


class ImageReader:
    """Reads images from `database`. `rules` are those of Glance's policy.

    `declared_keys` returns the keys that Glance's image schema declares; it gets the caller's
    token. A page of a list has at most `page_size` images. All methods may raise DatabaseError.
    """

    def __init__(
        self,
        database: GlanceDatabase,
        rules: GlanceRules,
        declared_keys: Callable[[str], Awaitable[frozenset[str]]],
        page_size: int,
    ) -> None:
        self._database = database
        self._rules = rules
        self._declared_keys = declared_keys
        self._page_size = page_size

    async def get_image(self, caller: Caller, image_id: str) -> Image:
        """Return an image that Glance would show to the caller.

        Raises ImageNotFound otherwise, and InvalidResponse if its row has values that no image has.
        """
        if len(image_id) > _MAX_ID_LENGTH:
            raise ImageNotFound(image_id)
        if "\0" in image_id:
            raise ValueRefused("a NUL character")
        statement = select_image(self._database.dialect, image_id, caller.project_id)
        rows = await self._database.fetch(statement)
        if rows:
            image = await self._with_texts(caller, make_image(rows[0]))
            is_member = bool(rows[0][-1])
            reader = GlanceCaller(caller, self._rules)
            if is_visible(
                image.owner,
                image.visibility,
                caller.project_id,
                is_admin=reader.is_admin,
                is_member=is_member,
            ) and reader.may_get(image):
                return image
        raise ImageNotFound(image_id)

    async def list_images(self, caller: Caller, query: ImageQuery) -> AsyncGenerator[Page, None]:
        """Yield the images that Glance would list, at most `query.limit`.

        `query` must be comparable (see `filters.is_comparable`). Raises Forbidden, Invalid,
        MarkerNotFound or MarkerNotVisible before the first page.
        """
        reader = GlanceCaller(caller, self._rules)
        if not reader.may_list():
            raise Forbidden("You are not authorized to complete get_images action.")
        after = None if query.marker is None else await self._find_marker(reader, query.marker)
        conditions = [*_conditions(reader, query)]
        remaining = query.limit
        while True:
            count = self._page_size if remaining is None else min(self._page_size, remaining)
            statement = select_page(self._database.dialect, conditions, after, count + 1)
            rows = await self._database.fetch(statement)
            more = len(rows) > count
            rows = rows[:count]
            if rows:
                after = Position(rows[-1][_CREATED], rows[-1][0])
            remaining = None if remaining is None else remaining - len(rows)
            is_last = not more or remaining == 0
            images = [
                await self._with_texts(caller, image)
                for image in make_images(rows)
                if reader.may_get(image)
            ]
            page = [Page(images, is_last=is_last, has_more=is_last and more)]
            del rows, images  # a slow client may take long to receive the page
            yield page.pop()
            if is_last:
                return

    async def _with_texts(self, caller: Caller, image: Image) -> Image:
        """Return the image as Glance shows it: a property without a value is an empty text.

        It is null if Glance's image schema declares the property. Hardly any image has one.
        """
        if ":null" not in image.properties_json:
            return image
        return replace_nulls(image, await self._declared_keys(caller.token))

    async def _find_marker(self, reader: GlanceCaller, marker: str) -> Position:
        """Return the position of the image `marker`; only an admin's may be deleted.

        Raises MarkerNotFound, MarkerNotVisible, and Invalid for text that is too long for an id.
        """
        if len(marker) > _MAX_ID_LENGTH:
            raise Invalid("Image with the given id %(image_id)s was not found")  # as Glance says
        rows = await self._database.fetch(select_marker(marker, reader.project_id))
        if not rows:
            raise MarkerNotFound(marker)
        image_id, created_at, is_deleted, owner, visibility, is_member = rows[0]
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


def _conditions(reader: GlanceCaller, query: ImageQuery) -> list[Condition]:
    visible = listed(
        reader.project_id, query.visibility, query.member_status, is_admin=reader.is_admin
    )
    return [*filter_conditions(query), *([] if visible is None else [visible])]
