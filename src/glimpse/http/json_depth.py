"""Limit how deeply JSON documents of requests are nested."""

# Levels of arrays and objects. orjson parses 1,024 levels but writes only 254. A document that is
# stored becomes a part of a larger document, so its depth must be well below 254.
MAX_DEPTH = 100


def is_too_deep(document: object) -> bool:
    """Return True if a parsed JSON document has more than MAX_DEPTH (100) levels of nesting.

    Examples: ``1``, ``"text"`` and ``null`` have no levels, ``[]`` has one, ``{"a": []}`` two.
    """
    level = [document]
    for _ in range(MAX_DEPTH + 1):
        containers = [each for each in level if isinstance(each, dict | list)]
        if not containers:
            return False
        level = [
            child
            for container in containers
            for child in (container.values() if isinstance(container, dict) else container)
        ]
    return True
