"""Route: one row of a table of what may be requested, with generators of its variable parts."""

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.fuzz.dice import Dice
from tests.fuzz.targets import Pairs
from tests.fuzz.world import World

Parts = dict[str, str]  # the variable parts of a path by name
Query = Callable[[Dice, World], Pairs]
Document = Callable[[Dice, World, Parts], Any]
Data = Callable[[Dice], bytes]


class Route(NamedTuple):
    """`document` makes a JSON body, `data` one of bytes; `weight` is how often it is requested."""

    api: str
    method: str
    template: str
    weight: float
    query: Query | None = None
    document: Document | None = None
    content_types: tuple[str, ...] = ("application/json",)
    data: Data | None = None
