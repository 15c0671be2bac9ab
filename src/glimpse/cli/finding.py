"""Finding: a line that ``glimpse check`` prints."""

from typing import Literal, NamedTuple

# FAIL: serving would not work. note: serving would work, but something has no effect, is not tried
# or is unavailable.
Severity = Literal["ok", "note", "FAIL"]


class Finding(NamedTuple):
    """The result of one check; `text` is one line for the operator."""

    severity: Severity
    text: str
