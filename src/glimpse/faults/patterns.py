"""Checks of rules: why a pattern matches no operation, method or path; names of headers."""

import difflib
import string
from collections.abc import Collection
from fnmatch import fnmatchcase

from glimpse.faults.operation_hints import find_meant_operation

_NAME_CHARACTERS = frozenset(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~")  # RFC 9110
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


def is_header_name(text: str) -> bool:
    """Return True if a header may have this name (RFC 9110, 5.1)."""
    return bool(text) and _NAME_CHARACTERS.issuperset(text)
