"""Route: a row of a table of requests, with generators of their variable parts."""

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.fuzz.cloud_state import CloudState
from tests.fuzz.random_source import RandomSource
from tests.fuzz.targets import Pairs

Parts = dict[str, str]  # the variable parts of a path by name
Query = Callable[[RandomSource, CloudState], Pairs]
Document = Callable[[RandomSource, CloudState, Parts], Any]
Data = Callable[[RandomSource], bytes]


class Route(NamedTuple):
    """A row. `document` makes a JSON body, `data` a binary one; `weight` is its frequency."""

    api: str
    method: str
    template: str
    weight: float
    query: Query | None = None
    document: Document | None = None
    content_types: tuple[str, ...] = ("application/json",)
    data: Data | None = None
