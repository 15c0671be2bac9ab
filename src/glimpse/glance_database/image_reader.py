"""ImageReader: reads images from Glance's database as Glance itself would show them."""

from collections.abc import AsyncGenerator

from glimpse.glance_database.conditions import Condition
from glimpse.glance_database.database import GlanceDatabase
from glimpse.glance_database.filters import filter_conditions
from glimpse.glance_database.policy import GlanceCaller, GlanceRules
from glimpse.glance_database.rows import COLUMNS, make_image, make_images
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

    All methods may raise DatabaseError.
    """

    def __init__(self, database: GlanceDatabase, rules: GlanceRules, page_size: int) -> None:
        self._database = database
        self._rules = rules
        self._page_size = page_size

    async def get_image(self, caller: Caller, image_id: str) -> Image:
        """Return an image that Glance would show to the caller.

        Raises ImageNotFound otherwise, and InvalidResponse if its row has values that no image has.
        """
        if len(image_id) > _MAX_ID_LENGTH or "\0" in image_id:
            raise ImageNotFound(image_id)
        statement = select_image(self._database.dialect, image_id, caller.project_id)
        rows = await self._database.fetch(statement)
        if rows:
            image, is_member = make_image(rows[0]), bool(rows[0][-1])
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
            images = [image for image in make_images(rows) if reader.may_get(image)]
            page = [Page(images, is_last=is_last, has_more=is_last and more)]
            del rows, images  # a slow client may take long to receive the page
            yield page.pop()
            if is_last:
                return

    async def _find_marker(self, reader: GlanceCaller, marker: str) -> Position:
        """Return the position of the image `marker`; only an admin's may be deleted.

        Raises MarkerNotFound, MarkerNotVisible, and Invalid for text that is too long for an id.
        """
        if len(marker) > _MAX_ID_LENGTH:
            raise Invalid("An object with the specified identifier was not found.")
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
