"""ApiRequest and Scenario: requests in which placeholders stand for what differs by cloud."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Api = Literal["image", "identity"]
# A placeholder such as <project:owner>; `clouds.DifferentialClouds` has the values.
_PLACEHOLDER = re.compile(r"<[a-z]+(?::[A-Za-z0-9_.-]+)?>")


@dataclass(frozen=True)
class ApiRequest:
    """A request to one of the two APIs; `path` is below its root and has the version.

    A body that is not bytes is sent as JSON. `saves` has, for the name of each new placeholder, the
    path of its value in the response's document, such as ``project.id``.
    """

    api: Api
    method: str
    path: str
    body: Any = None
    user: str | None = "owner"
    headers: Mapping[str, str] = field(default_factory=dict)
    saves: Mapping[str, str] = field(default_factory=dict)

    def payload(self) -> bytes | None:
        """Return the bytes of the body, with placeholders; None without one."""
        if self.body is None or isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body).encode()

    def sent_headers(self) -> dict[str, str]:
        """Return the headers, with a Content-Type for a body unless they have one or ""."""
        found = dict(self.headers)
        if self.body is not None and not isinstance(self.body, bytes):
            found = {"Content-Type": "application/json", **found}
        return {name: value for name, value in found.items() if value}

    def route(self) -> str:
        """Return method, API and path without values: requests of the same kind have the same."""
        return f"{self.method} {self.api} {self.path.partition('?')[0]}"

    def __str__(self) -> str:
        lines = [f"{self.method} {self.api} {self.path}   (as {self.user})"]
        lines += [f"{name}: {value}" for name, value in self.sent_headers().items()]
        body = self.payload()
        if body:
            lines.append(body[:600].decode(errors="backslashreplace"))
        return "\n".join(lines)


class Scenario(NamedTuple):
    """Successive requests; each may depend on what the earlier ones did. `name` is unique."""

    name: str
    requests: Sequence[ApiRequest]


def numbered(group: str, rows: Iterable[Sequence[ApiRequest]]) -> Iterator[Scenario]:
    """Yield a scenario for each row of requests: ``GROUP-1`` and so on."""
    for number, requests in enumerate(rows, 1):
        yield Scenario(f"{group}-{number}", requests)


def substitute(text: str, value_of: Callable[[str], str]) -> str:
    """Replace each placeholder, such as ``<user:owner>``, by `value_of` of ``user:owner``."""
    return _PLACEHOLDER.sub(lambda found: value_of(found[0][1:-1]), text)


def image_call(
    method: str,
    path: str,
    body: Any = None,
    user: str | None = "owner",
    headers: Mapping[str, str] | None = None,
    saves: Mapping[str, str] | None = None,
) -> ApiRequest:
    """Return a request to the Image API; `path` is below ``/v2``, or starts with two slashes."""
    target = path[1:] if path.startswith("//") else f"/v2{path}"
    return ApiRequest("image", method, target, body, user, headers or {}, saves or {})


def identity_call(
    method: str,
    path: str,
    body: Any = None,
    user: str | None = "admin",
    headers: Mapping[str, str] | None = None,
    saves: Mapping[str, str] | None = None,
) -> ApiRequest:
    """Return a request to the Identity API; `path` is as that of `image_call`, below ``/v3``."""
    target = path[1:] if path.startswith("//") else f"/v3{path}"
    return ApiRequest("identity", method, target, body, user, headers or {}, saves or {})
