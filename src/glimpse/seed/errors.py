"""InvalidSeed: everything that is wrong with a seed, with the place of each problem."""

from collections.abc import Sequence
from typing import NamedTuple

from glimpse.telemetry.redaction import escape


class Problem(NamedTuple):
    """A value of a seed that cannot be used.

    `line` is the number of the line with the value, from 1; it is 1, too, if the line is unknown.
    `path` is the value's place in the document, such as ``images[0].name``; "" is the whole
    document. For an entry that `parse_directory` leaves out, `path` names the entry instead, by its
    id for example. `message` is a sentence that says what is wrong, or what is expected.
    """

    line: int
    path: str
    message: str


class InvalidSeed(Exception):
    """A seed cannot be used.

    ``lines`` has one line of text for each problem: ``SOURCE, line 3, images[0].name: ...``.
    `source`, such as the path of the seed file, names the seed. Characters that are not printable
    are escaped. The message is all lines.
    """

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.lines = tuple(_line(source, problem) for problem in problems)
        super().__init__("\n".join(self.lines))


def _line(source: str, problem: Problem) -> str:
    place = f", {problem.path}" if problem.path else ""
    return escape(f"{source}, line {problem.line}{place}: {problem.message}")
