"""Finding: one result of ``glimpse check``."""

from typing import Literal, NamedTuple

# FAIL: serving would not work. note: serving works, but some option or feature has no effect.
Severity = Literal["ok", "note", "FAIL"]


class Finding(NamedTuple):
    """The result of one check, as a line for the operator."""

    severity: Severity
    text: str
