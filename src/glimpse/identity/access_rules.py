"""Access rules of application credentials: the requests that their tokens are good for."""

import functools
import re
from collections.abc import Sequence
from typing import NamedTuple, Self
from urllib.parse import quote

_UNQUOTED = "/~!$&'()*+,;=:@"  # in paths as rules see them: what RFC 3986 has for them
_SPECIAL = re.compile(r"(\{[^}]*\}|\*\*|\*)")


class Asked(NamedTuple):
    """A request as rules see it: the service's type, the HTTP method, the unquoted path."""

    service: str
    method: str
    path: str


class AccessRule(NamedTuple):
    """Allows a method on paths of a service.

    In a path ``{name}`` and ``*`` stand for something without a slash, ``**`` for anything
    (Keystone's API reference, application credentials).
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

    def allows(self, asked: Asked) -> bool:
        """Whether the request is one of those."""
        if (asked.service, asked.method) != (self.service, self.method):
            return False
        path = quote(asked.path, safe=_UNQUOTED, errors="surrogatepass")
        return _pattern(self.path).fullmatch(path) is not None


def allowed(rules: Sequence[AccessRule] | None, asked: Asked | None) -> bool:
    """Whether `rules` allow what is asked: everything without any, of an empty list nothing."""
    return rules is None or (asked is not None and any(rule.allows(asked) for rule in rules))


@functools.lru_cache(maxsize=1024)
def _pattern(path: str) -> re.Pattern[str]:
    parts = _SPECIAL.split(path)  # every other one is special
    return re.compile(
        "".join(
            re.escape(part) if number % 2 == 0 else ".*" if part == "**" else "[^/]+"
            for number, part in enumerate(parts)
        ),
        re.DOTALL,
    )
