"""Long lists: other requests get their turn while a policy is applied to many images."""

import asyncio
import itertools
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from glimpse.glance_database.connection import Row, Rows, Statement
from glimpse.glance_database.database_url import Dialect
from glimpse.glance_database.image_reader import ImageReader
from glimpse.glance_database.policy import GET_IMAGE
from glimpse.images import Caller, ImageQuery

_IMAGES = 450
_DATE = datetime.fromisoformat("2024-02-01T10:20:30")


class HidingRules:
    """Rules that hide each image; `decisions` counts how often they did."""

    def __init__(self) -> None:
        self.decisions = 0

    def refresh(self) -> bool:
        return True

    def evaluate(
        self,
        name: str,
        target: Mapping[str, Any],  # noqa: ARG002  as GlanceRules has it
        credentials: dict[str, Any],  # noqa: ARG002  likewise
    ) -> bool:
        self.decisions += name == GET_IMAGE
        return name != GET_IMAGE


class FilledDatabase:
    """A database that responds at once with all its images."""

    dialect: Dialect = "postgresql"

    async def fetch(self, statement: Statement) -> Rows:
        if not statement.sql.startswith("SELECT i.id"):
            return []
        return [_row(number) for number in range(_IMAGES)]

    async def fetch_row(self, statement: Statement) -> Row | None:
        raise NotImplementedError


def _row(number: int) -> Row:
    values = (f"image {number}", "active", "public", "demo", 1, None, 0, 0, False, False)
    return (str(number), *values, "raw", "bare", None, None, None, _DATE, _DATE, "[]", "{}")


async def _all_keys(_token: str) -> frozenset[str]:
    return frozenset()


async def test_other_requests_get_a_turn_while_the_policy_hides_many_images() -> None:
    rules = HidingRules()
    reader = ImageReader(FilledDatabase(), rules, _all_keys, 500)
    caller = Caller("user", "demo", frozenset(("reader",)))

    async def read() -> int:
        pages = reader.list_images(caller, ImageQuery())
        return sum([len(page.images) async for page in pages])

    reading = asyncio.create_task(read())
    turns = [0]
    while not reading.done():
        await asyncio.sleep(0)
        turns.append(rules.decisions)
    assert await reading == 0
    assert turns[-1] == _IMAGES
    assert max(after - before for before, after in itertools.pairwise(turns)) <= 100
