"""Mutations: variants of a JSON document with one value invalid, missing or repeated."""

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

# JSON text, because Python's json module would not write some of them, such as a lone surrogate.
ODD_VALUES = (
    "null",
    "{}",
    '["a"]',
    "true",
    "-1",
    "1.5",
    "1" + 30 * "0",
    '""',
    '"x\\r\\ny\\u0000\\u2028\\""',
    '"\\ud800"',
    "NaN",
    "[" * 300 + "]" * 300,
    5000 * "1",
)
_PLACEHOLDER = '"replaced by an odd value"'


def mutations(document: Any, leave_out: Sequence[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Yield a name and the JSON text of each mutation of `document`.

    Each value in turn is replaced by each of ODD_VALUES, is removed, and has its key repeated.
    Values below the keys in `leave_out` stay as they are.
    """
    for path in _paths(document, leave_out):
        changed = copy.deepcopy(document)
        parent = changed
        for key in path[:-1]:
            parent = parent[key]
        original = json.dumps(parent[path[-1]])
        parent[path[-1]] = json.loads(_PLACEHOLDER)
        text = json.dumps(changed)
        name = ".".join(map(str, path))
        for odd in ODD_VALUES:
            yield f"{name}: {odd[:20]}", text.replace(_PLACEHOLDER, odd).encode()
        if isinstance(path[-1], str):
            twice = f'{original}, "{path[-1]}": {{}}'
            yield f"{name}: twice", text.replace(_PLACEHOLDER, twice).encode()
        del parent[path[-1]]
        yield f"{name}: removed", json.dumps(changed).encode()
    for odd in ODD_VALUES:
        yield f"whole document: {odd[:20]}", odd.encode()


def _paths(document: Any, leave_out: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value in the document: keys and positions from the top."""
    if isinstance(document, dict):
        keys: list[Any] = [key for key in document if key not in leave_out]
    else:
        keys = list(range(len(document))) if isinstance(document, list) else []
    for key in keys:
        yield (key,)
        for path in _paths(document[key], leave_out):
            yield (key, *path)
