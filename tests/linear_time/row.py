"""Functions of text from outside, with the texts for which they take longest."""

from collections.abc import Callable
from typing import NamedTuple


class Row(NamedTuple):
    """A function of a text, the texts that take longest, and its regular expression if any.

    `pattern` is the module below ``glimpse`` and the name of the regular expression.
    """

    function: Callable[[str], object]
    texts: tuple[Callable[[int], str], ...]
    pattern: str = ""


def repeated(*parts: str) -> tuple[Callable[[int], str], ...]:
    """Return functions that repeat each part to a size; ``a^b$c`` is one a, many b, one c."""

    def make(part: str) -> Callable[[int], str]:
        beginning, _, rest = part.rpartition("^")
        middle, _, end = rest.partition("$")
        return lambda size: beginning + middle * (size // len(middle)) + end

    return tuple(map(make, parts))


def in_bytes(function: Callable[[bytes], object]) -> Callable[[str], object]:
    """Return a function that calls `function` with the bytes of a text."""
    return lambda text: function(text.encode("latin-1", "replace"))


ANY = repeated(
    "a", " ", "\n", ",", ";", '"', "\\", "/", "<", "&", "%", "=", "0", "~", "*", "\u0301\u0316"
)
