"""parse_yaml: parses a YAML document, so that each value has its line and its path."""

from typing import NamedTuple

import yaml

from glimpse.seed.errors import InvalidSeed, Problem
from glimpse.seed.yaml_aliases import find_alias_problem

_NULL = "tag:yaml.org,2002:null"


class Place(NamedTuple):
    """A value of the document: its YAML node, and its path, such as ``images[0].name``."""

    node: yaml.Node
    path: str

    @property
    def is_null(self) -> bool:
        """True for null, and for a key without a value."""
        return bool(self.node.tag == _NULL)

    @property
    def is_list(self) -> bool:
        """True for a list."""
        return isinstance(self.node, yaml.SequenceNode)

    @property
    def line(self) -> int:
        """The number of the line with the value, from 1."""
        return int(self.node.start_mark.line) + 1


def parse_yaml(text: str, source: str) -> Place | None:
    """Return the document in `text`, which is YAML or JSON; None if the document is empty.

    `source` names the document in messages. Raises InvalidSeed, with one problem, if `text` is not
    one valid YAML document, if the document has too many levels, or if `find_alias_problem` finds a
    problem.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise InvalidSeed(source, [Problem(line, "", f"{error.problem}.")]) from None
    except yaml.YAMLError as error:  # a character that YAML does not allow
        message = str(error).partition("\n")[0]
        raise InvalidSeed(source, [Problem(1, "", f"{message}.")]) from None
    except (ValueError, OverflowError):  # PyYAML converts these numbers without a check
        problem = Problem(1, "", "a \\U escape or the number in %YAML is out of range.")
        raise InvalidSeed(source, [problem]) from None
    except RecursionError:
        problem = Problem(1, "", "it has too many levels.")
        raise InvalidSeed(source, [problem]) from None
    if node is None:
        return None
    if (why := find_alias_problem(node)) is not None:
        raise InvalidSeed(source, [Problem(1, "", why)])
    return Place(node, "")
