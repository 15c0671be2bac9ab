"""Access rules: the requests for which a token of an application credential may be used.

Users write the paths of the rules. Matching takes bounded time for every path. A regular expression
made from a path would not guarantee that.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple, Self
from urllib.parse import quote

_UNQUOTED = "/~!$&'()*+,;=:@"  # characters that RFC 3986 allows in a path
_MAX_RULE_LENGTH = 255  # characters of a rule's path; Keystone stores at most 128, accepts 225
# Characters of a request's path, percent-encoded: a metadata key of 255 characters takes 3,060.
_MAX_PATH_LENGTH = 4096
# For one request, all rules with several wildcards are compared with this many characters: 8 ms.
_MAX_STEPS = 32_768


class RequestTarget(NamedTuple):
    """The request for which a token is used.

    ``service`` is the type of the service, such as ``compute``. ``method`` is an HTTP method in
    upper case. ``path`` is the whole path, such as ``/v2.1/images``, percent-decoded and without
    the query.
    """

    service: str
    method: str
    path: str


class AccessRule(NamedTuple):
    """Allows requests to one service, with one HTTP method, whose path matches ``path``.

    The rules are those of application credentials in Keystone's API reference. In ``path``,
    ``{name}`` and ``*`` match one or more characters other than a slash. ``**`` matches any text,
    also an empty one. So ``/v2.1/images/*`` matches ``/v2.1/images/1``, but not
    ``/v2.1/images/1/metadata``. ``path`` is compared with the percent-encoded path of the request,
    in which a space is ``%20``. ``service`` and ``method`` must equal those of the request,
    including their case.
    """

    service: str
    method: str
    path: str

    @classmethod
    def parse(cls, document: object) -> Self:
        """Parse an object with the strings ``service``, ``method`` and ``path``.

        The content of the strings is not checked. Raises TypeError if `document` is not an object,
        KeyError for a missing key, and ValueError for a value that is not a string.
        """
        if not isinstance(document, dict):
            raise TypeError
        rule = cls(document["service"], document["method"], document["path"])
        if not all(isinstance(part, str) for part in rule):
            raise ValueError
        return rule

    def allows(self, target: RequestTarget) -> bool:
        """Return True if this rule allows `target`.

        Returns False if the percent-encoded path of `target` has more than 4,096 characters, or if
        ``path`` of this rule has more than 255.
        """
        return is_allowed((self,), target)


def is_allowed(rules: Sequence[AccessRule] | None, target: RequestTarget | None) -> bool:
    """Return True if `rules` is None, or if one of `rules` allows `target`.

    If `rules` is not None, returns False for a `target` of None. Three limits bound the CPU time:

    - If the percent-encoded path of `target` has more than 4,096 characters, no rule allows
      `target`.
    - A rule whose path has more than 255 characters allows nothing.
    - In one call, rules with several wildcards are compared with at most 32,768 characters in
      total. If a rule would exceed that total, that rule and all rules after it allow nothing.
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
        pattern = _compile_pattern(rule.path) if len(rule.path) <= _MAX_RULE_LENGTH else None
        text = pattern.strip_literals(path) if pattern else None
        if pattern is None or text is None:
            continue
        if not pattern.is_simple:
            steps -= len(text)
        if steps >= 0 and pattern.matches(text):
            return True
    return False


# The wildcards among the parts of a pattern. A literal character is the part "'" + character.
_SEGMENT = "*"
_ANYTHING = "**"


class _Pattern:
    """The path of a rule, compiled: a beginning, a middle with all wildcards, and an end.

    The middle reaches from the first wildcard to the last one. For example, ``/a/*/b/*/c`` has the
    beginning ``/a/``, the middle ``*/b/*`` and the end ``/c``. If a path has no wildcard, the whole
    path is the beginning. ``is_simple`` is True if there is at most one wildcard.
    """

    def __init__(self, path: str) -> None:
        parts = _split_pattern(path)
        wild = [place for place, part in enumerate(parts) if part in (_SEGMENT, _ANYTHING)]
        first, end = (wild[0], wild[-1] + 1) if wild else (len(parts), len(parts))
        middle = parts[first:end]
        self.is_simple = len(middle) <= 1
        self._first = middle[0] if middle else None
        self._beginning = "".join(part[1:] for part in parts[:first])
        self._end = "".join(part[1:] for part in parts[end:])
        self._number_of_parts = len(middle)
        # Where the middle has each wildcard and literal: bit n is set if part n equals it.
        self._bit_masks: dict[str, int] = {}
        for place, part in enumerate(middle):
            self._bit_masks[part] = self._bit_masks.get(part, 0) | 1 << place

    def strip_literals(self, path: str) -> str | None:
        """Return the part of `path` that the wildcards have to match; None if `path` cannot match.

        For the pattern ``/a/*/b`` and the `path` ``/a/x/b``, returns ``x``. Returns None if `path`
        does not begin with ``/a/``, does not end with ``/b``, or is too short for both, like
        ``/a/b``. A pattern without a wildcard has no end: for the pattern ``/a`` and the `path`
        ``/a/b``, returns ``/b``.
        """
        end = len(path) - len(self._end)
        if end < len(self._beginning):
            return None
        if path.startswith(self._beginning) and path.endswith(self._end):
            return path[len(self._beginning) : end]
        return None

    def matches(self, text: str) -> bool:
        """Return True if the pattern matches a request's path.

        `text` is what `strip_literals` returned for that path, but not None.
        """
        if not self.is_simple:
            return self._simulate(text)
        if self._first is None:
            return text == ""
        return self._first == _ANYTHING or (text != "" and "/" not in text)

    def _simulate(self, text: str) -> bool:
        """Return True if a middle with several wildcards matches `text`.

        Simulates a finite automaton whose states are the parts of the middle. The local variable
        ``places`` has the current states: its bit n is set if part n may match the next character.
        The time grows linearly with the length of `text`.
        """
        # Never two `**` in a row: _split_pattern joins them.
        anything = self._bit_masks.get(_ANYTHING, 0)
        segments = self._bit_masks.get(_SEGMENT, 0)
        places = 1 | (1 & anything) << 1
        for character in text:
            within_segment = 0 if character == "/" else places & segments
            passed = within_segment | places & self._bit_masks.get(f"'{character}", 0)
            places = places & anything | within_segment | passed << 1
            places |= (places & anything) << 1  # `**` matches the empty text, too
        return bool(places >> self._number_of_parts & 1)


def _split_pattern(path: str) -> list[str]:
    """Split a rule's path into wildcards and literal characters.

    ``{name}`` and ``*`` become _SEGMENT, ``**`` becomes _ANYTHING. Successive ``**`` become a
    single _ANYTHING. Any other character ``x`` becomes ``'x``. A ``{`` without a later ``}`` is a
    literal character.
    """
    parts: list[str] = []
    position = 0
    while position < len(path):
        character = path[position]
        closed = path.find("}", position) if character == "{" else -1
        if closed > 0:
            parts.append(_SEGMENT)
            position = closed
        elif path.startswith("**", position):
            if parts[-1:] != [_ANYTHING]:
                parts.append(_ANYTHING)
            position += 1
        else:
            parts.append(_SEGMENT if character == "*" else f"'{character}")
        position += 1
    return parts


@functools.lru_cache(maxsize=1024)
def _compile_pattern(path: str) -> _Pattern:
    """Return the compiled path of a rule.

    Results are cached, since each request with the same token needs the same rules.
    """
    return _Pattern(path)
