"""Checks of the patterns in rules: tell why a pattern matches no operation, method or path."""

import difflib
from collections.abc import Collection
from fnmatch import fnmatchcase

from glimpse.faults.operation_hints import find_meant_operation

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def check_operation(pattern: str, operations: Collection[str]) -> str | None:
    """Return why none of `operations` matches the pattern, as a sentence; None if one does."""
    if any(fnmatchcase(name, pattern) for name in operations):
        return None
    meant = find_meant_operation(pattern, operations)
    hint = "they are named like list_images, image.list_images and identity.issue."
    return "no operation matches it: " + (hint if meant is None else f"did you mean {meant}?")


def check_method(pattern: str) -> str | None:
    """Return why no HTTP method matches the pattern, as a sentence; None if one does."""
    if any(fnmatchcase(name, pattern) for name in _METHODS):
        return None
    found = difflib.get_close_matches(pattern.upper(), _METHODS, 1)
    hint = f"did you mean {found[0]}?" if found else f"they are {', '.join(_METHODS)}."
    return f"no method matches it: {hint}"


def check_path(pattern: str) -> str | None:
    """Return why no path matches the pattern, as a sentence; None if its first character may match.

    The first character of each path is a slash. The others are not checked. `pattern` must not be
    empty.
    """
    return None if pattern[0] in "/*?[" else "a path starts with /: begin it with / or *."
