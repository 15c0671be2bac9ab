"""Access rules of application credentials: the requests that their tokens are good for.

Users write the rules, so that matching one costs a bounded time whatever its path looks like: no
regular expression is made of it.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple, Self
from urllib.parse import quote

_UNQUOTED = "/~!$&'()*+,;=:@"  # in paths as rules see them: what RFC 3986 has for them
_LONGEST_RULE = 255  # characters of a rule's path; Keystone stores at most 128, and accepts 225
# Characters of a request's path, percent-encoded: a metadata key of 255 characters takes 3,060.
_LONGEST_PATH = 4096
# Characters compared with several wildcards for one request: 8 ms of CPU time.
_MOST_STEPS = 32_768


class RequestTarget(NamedTuple):
    """A request as rules see it: the service's type, the HTTP method, the unquoted path."""

    service: str
    method: str
    path: str


class AccessRule(NamedTuple):
    """Allows a method on paths of a service.

    In a path ``{name}`` and ``*`` stand for one or more characters without a slash, ``**`` for
    anything (Keystone's API reference, application credentials).
    """

    service: str
    method: str
    path: str

    @classmethod
    def parse(cls, document: object) -> Self:
        """Read a rule of Keystone's. Raises KeyError, TypeError or ValueError."""
        if not isinstance(document, dict):
            raise TypeError
        rule = cls(document["service"], document["method"], document["path"])
        if not all(isinstance(part, str) for part in rule):
            raise ValueError
        return rule

    def allows(self, target: RequestTarget) -> bool:
        """Whether this rule alone allows the request."""
        return allowed((self,), target)


def allowed(rules: Sequence[AccessRule] | None, target: RequestTarget | None) -> bool:
    """Whether `rules` allow `target`: everything without any, of an empty list nothing.

    A rule or a path that is too long is not matched, and nor are any after rules with several
    wildcards have taken `_MOST_STEPS`: then nothing is allowed.
    """
    if rules is None:
        return True
    if target is None or len(target.path) > _LONGEST_PATH:
        return False
    path = quote(target.path, safe=_UNQUOTED, errors="surrogatepass")
    if len(path) > _LONGEST_PATH:
        return False
    steps = _MOST_STEPS
    for rule in rules:
        if (rule.service, rule.method) != (target.service, target.method):
            continue
        pattern = _pattern(rule.path) if len(rule.path) <= _LONGEST_RULE else None
        text = pattern.between(path) if pattern else None
        if pattern is None or text is None:
            continue
        if not pattern.is_simple:
            steps -= len(text)
        if steps >= 0 and pattern.matches(text):
            return True
    return False


# Wildcards among the parts of a pattern; each other part is one literal character after a quote.
_SEGMENT = "*"
_ANYTHING = "**"


class _Pattern:
    """A rule's path: a literal beginning, parts that begin and end with a wildcard, a literal end.

    It `is_simple` with at most one wildcard.
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
        self._places: dict[str, int] = {}  # where each part is in the middle, as bits
        for place, part in enumerate(middle):
            self._places[part] = self._places.get(part, 0) | 1 << place

    def between(self, path: str) -> str | None:
        """What `path` has between the literal beginning and end; None if it has others."""
        end = len(path) - len(self._end)
        if end < len(self._beginning):
            return None
        if path.startswith(self._beginning) and path.endswith(self._end):
            return path[len(self._beginning) : end]
        return None

    def matches(self, text: str) -> bool:
        """Whether the parts between beginning and end stand for `text`."""
        if not self.is_simple:
            return self._follow(text)
        if self._first is None:
            return text == ""
        return self._first == _ANYTHING or (text != "" and "/" not in text)

    def _follow(self, text: str) -> bool:
        """Whether several wildcards, and what is between them, stand for `text`.

        All places of the pattern that may come next are followed at once, as bits of a number: a
        character of `text` costs the same whatever came before it.
        """
        anything = self._places.get(_ANYTHING, 0)  # never two in a row, which are as good as one
        segments = self._places.get(_SEGMENT, 0)
        places = 1 | (1 & anything) << 1
        for character in text:
            within_segment = 0 if character == "/" else places & segments
            passed = within_segment | places & self._places.get(f"'{character}", 0)
            places = places & anything | within_segment | passed << 1
            places |= (places & anything) << 1  # it may stand for nothing
        return bool(places >> self._parts & 1)


def _parts(path: str) -> list[str]:
    """The wildcards and the literal characters of a rule's path."""
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
