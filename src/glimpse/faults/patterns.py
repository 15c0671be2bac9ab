"""Checks of the patterns in rules: those that can match no request are refused."""

import difflib
from collections.abc import Collection
from fnmatch import fnmatchcase

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def check_operation(pattern: str, operations: Collection[str]) -> str | None:
    """Return a sentence if none of `operations` matches the pattern; None if one does."""
    services = {name.partition(".")[0] for name in operations if "." in name}
    patterns = [f"{service}.*" for service in services] if "*" in pattern else []
    hint = "they are named like list_images, image.list_images and identity.issue."
    return _check(pattern, "operation", operations, (*operations, *patterns), hint)


def check_method(pattern: str) -> str | None:
    """Return a sentence if no HTTP method matches the pattern; None if one does."""
    return _check(pattern, "method", _METHODS, _METHODS, f"they are {', '.join(_METHODS)}.")


def check_path(pattern: str) -> str | None:
    """Return a sentence if no path, which starts with a slash, matches the pattern; or None."""
    return None if pattern[0] in "/*?[" else "a path starts with /: begin it with / or *."


def _check(
    pattern: str, kind: str, names: Collection[str], similar: Collection[str], hint: str
) -> str | None:
    """Return a sentence if none of `names` matches; None if one does.

    It names the most similar one of `similar`, or has the `hint` if none is.
    """
    if any(fnmatchcase(name, pattern) for name in names):
        return None
    meant = _find_similar(pattern, similar)
    return f"no {kind} matches it: " + (hint if meant is None else f"did you mean {meant}?")


def _find_similar(pattern: str, names: Collection[str]) -> str | None:
    """Return the name that was probably meant: of another service, or one that is spelled alike."""
    for name in sorted(names):
        if name.rpartition(".")[2] == pattern:
            return name
    by_lower_case = {name.lower(): name for name in sorted(names)}
    found = difflib.get_close_matches(pattern.lower(), by_lower_case, 1)
    return by_lower_case[found[0]] if found else None
