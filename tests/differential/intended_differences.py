"""Intended differences: which line of docs/differences.md describes each, what it allows.

`intended_differences.toml` has them. A run fails if one of them is not described any more, or if no
response of the run shows it.
"""

import re
import tomllib
from pathlib import Path
from typing import Any, NamedTuple, Self

from tests.differential.api_request import ApiRequest
from tests.differential.comparison import Mismatch
from tests.support.virtual_environments import CHECKOUT

_FILE = Path(__file__).with_suffix(".toml")
_DESCRIPTIONS = CHECKOUT / "docs" / "differences.md"


class IntendedDifference(NamedTuple):
    """Mismatches that are intended. All but `line` are regular expressions of a whole text.

    `line` is a part of docs/differences.md. `request` is the method, the API and the path with its
    query, such as ``GET image /v2/images\\?limit=0``; `user` and `sent` are its caller and its
    body. `aspect`, `real` and `embedded` are those of a Mismatch; `body` is what the embedded
    service sent.
    """

    line: str
    request: re.Pattern[str]
    aspect: re.Pattern[str]
    real: re.Pattern[str]
    embedded: re.Pattern[str]
    user: re.Pattern[str]
    sent: re.Pattern[str]
    body: re.Pattern[str]

    @classmethod
    def parse(cls, entry: dict[str, Any]) -> Self:
        """Return the difference of an entry of the file; a missing expression matches any text."""
        patterns = {
            name: re.compile(entry.get(name, ".*"), re.DOTALL)
            for name in cls._fields
            if name != "line"
        }
        unknown = entry.keys() - set(cls._fields)
        assert not unknown, f"unknown members of an intended difference: {unknown}"
        return cls(entry["line"], **patterns)

    def describes(self, request: ApiRequest, mismatch: Mismatch, body: bytes = b"") -> bool:
        """Return True if the mismatch of the responses to `request` is intended.

        `body` is that of the embedded service's response.
        """
        target = f"{request.method} {request.api} {request.path}"
        sent = (request.payload() or b"").decode(errors="backslashreplace")
        texts = (
            *((self.request, target), (self.user, str(request.user)), (self.sent, sent)),
            *((self.aspect, mismatch.aspect), (self.real, mismatch.real)),
            *((self.embedded, mismatch.embedded), (self.body, body.decode("latin-1"))),
        )
        return all(pattern.fullmatch(text) for pattern, text in texts)


def read_intended_differences() -> list[IntendedDifference]:
    """Return the entries of the file."""
    entries = tomllib.loads(_FILE.read_text())["difference"]
    return [IntendedDifference.parse(entry) for entry in entries]


def undescribed(differences: list[IntendedDifference]) -> list[str]:
    """Return the lines that docs/differences.md does not have, whatever their line breaks."""
    text = " ".join(_DESCRIPTIONS.read_text().split())
    return [each.line for each in differences if " ".join(each.line.split()) not in text]
