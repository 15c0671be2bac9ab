"""Limit how deeply JSON documents of requests are nested."""

# Levels of arrays and objects. orjson parses 1,024 but writes only 254, so a document that is
# stored, in a larger one, must be well below that.
MAX_DEPTH = 100


def is_too_deep(document: object) -> bool:
    """Return True if a parsed JSON document has more than MAX_DEPTH levels of nesting.

    A number, a text, true, false and null have no level, ``[]`` has one and ``{"a": []}`` two.
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
