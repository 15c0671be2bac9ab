"""Checks of patterns and header names in rules: say why a pattern can never match."""

import difflib
import string
from collections.abc import Collection
from fnmatch import fnmatchcase

from glimpse.faults.operation_hints import find_meant_operation

_NAME_CHARACTERS = frozenset(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~")  # RFC 9110
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def check_operation(pattern: str, operations: Collection[str]) -> str | None:
    """Return None if the pattern matches one of `operations`; otherwise an error message.

    The message names the operation that was probably meant, or has examples.
    """
    if any(fnmatchcase(name, pattern) for name in operations):
        return None
    meant = find_meant_operation(pattern, operations)
    hint = "they are named like list_images, image.list_images and identity.issue."
    return "no operation matches it: " + (hint if meant is None else f"did you mean {meant}?")


def check_method(pattern: str) -> str | None:
    """Return None if the pattern matches an HTTP method; otherwise an error message."""
    if any(fnmatchcase(name, pattern) for name in _METHODS):
        return None
    found = difflib.get_close_matches(pattern.upper(), _METHODS, 1)
    hint = f"did you mean {found[0]}?" if found else f"they are {', '.join(_METHODS)}."
    return f"no method matches it: {hint}"


def check_path(pattern: str) -> str | None:
    """Return None if the pattern's first character may match a slash; else an error message.

    Every path begins with a slash. The rest of the pattern is not checked. `pattern` must not be
    empty.
    """
    return None if pattern[0] in "/*?[" else "a path starts with /: begin it with / or *."


def is_header_name(text: str) -> bool:
    """Return True if a header may have this name (RFC 9110, 5.1)."""
    return bool(text) and _NAME_CHARACTERS.issuperset(text)
