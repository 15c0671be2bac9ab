r"""Patterns of the filter by a server's name.

A deployed Compute API passes a pattern to its database as a regular expression. Here a pattern may
only have ``^``, ``$``, ``.``, ``.*`` and ``\``, so that matching takes a bounded time.
"""

from collections.abc import Callable

_SPECIAL = frozenset("*+?()[]{}|")
_ANY = ""  # in a part, stands for any character


def parse_name_pattern(text: str) -> Callable[[str], bool] | None:
    """Return a function that returns True for the names that match the pattern `text`.

    Case is ignored. ``.`` matches any character, ``.*`` any text. A backslash makes the next
    character literal. A pattern may match anywhere in a name, unless ``^`` at its start or ``$`` at
    its end anchors it; "" matches every name. Returns None if the pattern has another operator,
    such as ``+``, has ``^`` or ``$`` elsewhere, or ends in a lone backslash.
    """
    pattern = text.lower()
    at_start = pattern.startswith("^")
    pattern = pattern[1:] if at_start else pattern
    before_end = pattern.removesuffix("$")
    backslashes = len(before_end) - len(before_end.rstrip("\\"))
    at_end = pattern.endswith("$") and backslashes % 2 == 0  # after an odd number, $ is literal
    parts = _parse_parts(before_end if at_end else pattern)
    if parts is None:
        return None
    first = parts if at_start else [[], *parts]
    pieces = first if at_end else [*first, []]
    return lambda name: _matches(name.lower(), pieces)


def _parse_parts(pattern: str) -> list[list[str]] | None:
    """Split a pattern at each ``.*`` into lists of characters; _ANY stands for ``.``.

    A backslash and its next character become this character. Returns None for a pattern that is not
    valid (see `parse_name_pattern`).
    """
    parts: list[list[str]] = [[]]
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            escaped = next(characters, None)
            if escaped is None:
                return None
            parts[-1].append(escaped)
        elif character == "*" and parts[-1] and parts[-1][-1] == _ANY:
            parts[-1].pop()
            parts.append([])
        elif character in _SPECIAL or character in "^$":
            return None
        else:
            parts[-1].append(_ANY if character == "." else character)
    return parts


def _matches(name: str, parts: list[list[str]]) -> bool:
    """Return True if `name` starts with the first part, ends with the last, and has the rest.

    The parts in between must occur in this order, and parts may not overlap. A single part must be
    the whole name. The time is proportional to the length of `name` times the length of the
    pattern.
    """
    if len(parts) == 1:
        return len(name) == len(parts[0]) and _is_at(name, 0, parts[0])
    first, *middle, last = parts
    end = len(name) - len(last)
    if end < len(first) or not _is_at(name, 0, first) or not _is_at(name, end, last):
        return False
    position = len(first)
    for part in middle:
        while position + len(part) <= end and not _is_at(name, position, part):
            position += 1
        if position + len(part) > end:
            return False
        position += len(part)
    return True


def _is_at(name: str, position: int, part: list[str]) -> bool:
    """Return True if `part` matches `name` at `position`; `name` must be long enough."""
    return all(
        character in (_ANY, name[position + offset]) for offset, character in enumerate(part)
    )
