"""find_alias_problem: limits the size of a YAML document with all aliases expanded."""

from collections.abc import Iterator

import yaml

_MOST_NODES = 1_000_000  # with all aliases expanded; far more than seeds need
_LONGER = 10  # a document may also have this many times the nodes that are written


def find_alias_problem(root: yaml.Node) -> str | None:
    """Return a sentence that says why a document's aliases cannot be used; None if they can.

    There are two possible problems:

    - An alias is inside the value that it stands for.
    - The document is too large if each alias is replaced by the value that it stands for. It may
      then have a million values, or ten times as many as are written if that is more.

    The time is proportional to the text of the document, not to its expanded size.
    """
    sizes: dict[int, int] = {}  # by id() of a finished node: its nodes, aliases expanded
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
    """Yield the nodes directly in a list or mapping: its entries, or its keys and values.

    A scalar has none.
    """
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
