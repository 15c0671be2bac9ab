"""Access rules of application credentials: the requests that their tokens allow.

Users write the rules, so matching takes bounded time for every path of a rule. A regular expression
made from such a path would not guarantee that.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple, Self
from urllib.parse import quote

_UNQUOTED = "/~!$&'()*+,;=:@"  # characters that RFC 3986 allows in a path
_MAX_RULE_LENGTH = 255  # characters of a rule's path; Keystone stores at most 128, accepts 225
# Characters of a request's path, percent-encoded: a metadata key of 255 characters takes 3,060.
_MAX_PATH_LENGTH = 4096
# Characters that rules with several wildcards match, in all for one request: 8 ms of CPU time.
_MAX_STEPS = 32_768


class RequestTarget(NamedTuple):
    """The request that a token is used for: type of service, HTTP method, unquoted path."""

    service: str
    method: str
    path: str


class AccessRule(NamedTuple):
    """Allows a method on the paths of a service that match ``path``.

    In ``path``, ``{name}`` and ``*`` match one or more characters other than a slash, ``**``
    matches any text (Keystone's API reference, application credentials).
    """

    service: str
    method: str
    path: str

    @classmethod
    def parse(cls, document: object) -> Self:
        """Parse a rule of a token's document. Raises KeyError, TypeError or ValueError."""
        if not isinstance(document, dict):
            raise TypeError
        rule = cls(document["service"], document["method"], document["path"])
        if not all(isinstance(part, str) for part in rule):
            raise ValueError
        return rule

    def allows(self, target: RequestTarget) -> bool:
        """Return True if this rule allows the request."""
        return is_allowed((self,), target)


def is_allowed(rules: Sequence[AccessRule] | None, target: RequestTarget | None) -> bool:
    """Return True if `rules` is None, or if one of `rules` allows `target`.

    Returns False without a `target`, and for a path of more than 4,096 percent-encoded characters.
    A rule whose path has more than 255 characters allows nothing.

    A rule whose path has several wildcards takes one step for each character of the request's path
    that the wildcards have to match. If the next such rule would exceed 32,768 steps in all, it and
    all further rules with several wildcards allow nothing.
    """
    if rules is None:
        return True
    if target is None or len(target.path) > _MAX_PATH_LENGTH:
        return False
    path = quote(target.path, safe=_UNQUOTED, errors="surrogatepass")
    if len(path) > _MAX_PATH_LENGTH:
        return False
    steps = _MAX_STEPS
    for rule in rules:
        if (rule.service, rule.method) != (target.service, target.method):
            continue
        pattern = _pattern(rule.path) if len(rule.path) <= _MAX_RULE_LENGTH else None
        text = pattern.between(path) if pattern else None
        if pattern is None or text is None:
            continue
        if not pattern.is_simple:
            steps -= len(text)
        if steps >= 0 and pattern.matches(text):
            return True
    return False


# The wildcards among the parts of a pattern; any other part is "'" and one literal character.
_SEGMENT = "*"
_ANYTHING = "**"


class _Pattern:
    """A rule's path, compiled: a literal beginning, a middle, and a literal end.

    The middle reaches from the first wildcard to the last one. ``is_simple`` is True if there is at
    most one wildcard.
    """

    def __init__(self, path: str) -> None:
        parts = _parts(path)
        wild = [place for place, part in enumerate(parts) if part in (_SEGMENT, _ANYTHING)]
        first, end = (wild[0], wild[-1] + 1) if wild else (len(parts), len(parts))
        middle = parts[first:end]
        self.is_simple = len(middle) <= 1
        self._first = middle[0] if middle else None
        self._beginning = "".join(part[1:] for part in parts[:first])
        self._end = "".join(part[1:] for part in parts[end:])
        self._parts = len(middle)
        self._places: dict[
            str, int
        ] = {}  # of each part, its places between beginning and end, as bits
        for place, part in enumerate(middle):
            self._places[part] = self._places.get(part, 0) | 1 << place

    def between(self, path: str) -> str | None:
        """Return the text of `path` between the literal beginning and end; None if it lacks one."""
        end = len(path) - len(self._end)
        if end < len(self._beginning):
            return None
        if path.startswith(self._beginning) and path.endswith(self._end):
            return path[len(self._beginning) : end]
        return None

    def matches(self, text: str) -> bool:
        """Return True if the middle of the pattern matches `text`."""
        if not self.is_simple:
            return self._simulate(text)
        if self._first is None:
            return text == ""
        return self._first == _ANYTHING or (text != "" and "/" not in text)

    def _simulate(self, text: str) -> bool:
        """Return True if a middle with several wildcards matches `text`.

        Simulates a finite automaton, whose states are the parts of the middle: bit n of ``places``
        is set if part n may match the next character. Each character takes the same time.
        """
        anything = self._places.get(_ANYTHING, 0)  # never two in a row: `_parts` joins them
        segments = self._places.get(_SEGMENT, 0)
        places = 1 | (1 & anything) << 1
        for character in text:
            within_segment = 0 if character == "/" else places & segments
            passed = within_segment | places & self._places.get(f"'{character}", 0)
            places = places & anything | within_segment | passed << 1
            places |= (places & anything) << 1  # `**` matches the empty text, too
        return bool(places >> self._parts & 1)


def _parts(path: str) -> list[str]:
    """Split a rule's path into wildcards and literal characters."""
    parts: list[str] = []
    place = 0
    while place < len(path):
        character = path[place]
        closed = path.find("}", place) if character == "{" else -1
        if closed > 0:
            parts.append(_SEGMENT)
            place = closed
        elif path.startswith("**", place):
            if parts[-1:] != [_ANYTHING]:
                parts.append(_ANYTHING)
            place += 1
        else:
            parts.append(_SEGMENT if character == "*" else f"'{character}")
        place += 1
    return parts


@functools.lru_cache(maxsize=1024)
def _pattern(path: str) -> _Pattern:
    return _Pattern(path)
