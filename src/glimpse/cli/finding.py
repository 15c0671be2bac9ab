"""Finding: one result of ``glimpse check``."""

from typing import Literal, NamedTuple

# FAIL: serving would not work. note: serving works, and the operator may want to know.
Verdict = Literal["ok", "note", "FAIL"]


class Finding(NamedTuple):
    """What was found of one thing, as a line for the operator."""

    verdict: Verdict
    text: str
