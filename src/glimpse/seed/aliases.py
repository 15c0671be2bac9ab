"""find_alias_problem: bounds what the aliases of a YAML document stand for."""

from collections.abc import Iterator

import yaml

_MOST_NODES = 1_000_000  # with every alias written out; far more than seeds need
_LONGER = 10  # times as long as it is written may a larger document become


def find_alias_problem(root: yaml.Node) -> str | None:
    """Return why the aliases of a document cannot be used, as a sentence; None if they can.

    An alias must not be inside of what it stands for. With every alias written out, the document
    has at most a million values, or ten times as many as without. Takes time in proportion to the
    text of the document, not to what its aliases stand for.
    """
    sizes: dict[int, int] = {}  # of finished nodes, by their identity: with aliases written out
    open_nodes: set[int] = set()
    stack: list[tuple[yaml.Node, bool]] = [(root, False)]
    while stack:
        node, is_complete = stack.pop()
        key = id(node)
        if is_complete:
            open_nodes.remove(key)
            sizes[key] = 1 + sum(sizes[id(each)] for each in _children(node))
        elif key in open_nodes:
            return "an alias is inside of what it stands for."
        elif key not in sizes:
            open_nodes.add(key)
            stack.append((node, True))
            stack += [(each, False) for each in _children(node)]
    if sizes[id(root)] > max(_MOST_NODES, _LONGER * len(sizes)):
        return f"its aliases stand for too much: at most {_MOST_NODES} values in all are allowed."
    return None


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    """Yield the nodes right inside of a list or a mapping: entries, or keys and values."""
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
