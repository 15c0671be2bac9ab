"""Documents with one value that is not as it should be."""

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

# As JSON text, since some of them are no values of Python's, or are none of JSON's.
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
_MARK = '"replaced by an odd value"'


def mutations(document: Any, leave_out: Sequence[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Name and JSON text of `document` with each value in turn replaced, removed or repeated.

    Nothing is done to what is below the keys that are left out.
    """
    for path in _paths(document, leave_out):
        changed = copy.deepcopy(document)
        parent = changed
        for key in path[:-1]:
            parent = parent[key]
        original = json.dumps(parent[path[-1]])
        parent[path[-1]] = json.loads(_MARK)
        text = json.dumps(changed)
        name = ".".join(map(str, path))
        for odd in ODD_VALUES:
            yield f"{name}: {odd[:20]}", text.replace(_MARK, odd).encode()
        if isinstance(path[-1], str):
            twice = f'{original}, "{path[-1]}": {{}}'
            yield f"{name}: twice", text.replace(_MARK, twice).encode()
        del parent[path[-1]]
        yield f"{name}: removed", json.dumps(changed).encode()
    for odd in ODD_VALUES:
        yield f"all of it: {odd[:20]}", odd.encode()


def _paths(document: Any, leave_out: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    if isinstance(document, dict):
        keys: list[Any] = [key for key in document if key not in leave_out]
    else:
        keys = list(range(len(document))) if isinstance(document, list) else []
    for key in keys:
        yield (key,)
        for path in _paths(document[key], leave_out):
            yield (key, *path)
