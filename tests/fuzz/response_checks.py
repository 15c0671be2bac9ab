"""ResponseChecks: decides which responses are failures; keeps those with their requests."""

import json
import re
from collections import Counter
from dataclasses import dataclass

from tests.fuzz.cloud_state import BAD_USERS
from tests.fuzz.request import FuzzRequest, Response, as_command

SLOW_SECONDS = 2.0
_SMALL_HEAD = 60_000  # bytes, less than any limit of a head
EXAMPLES = 3  # failures of a kind that are shown with their requests
_ALLOWED_5XX = frozenset((501,))
_FROM_UPSTREAM = frozenset((502, 503))
_JSON = re.compile(r"application/(?:[\w.+-]*\+)?json")
_IMAGES_OR_SERVERS = re.compile(
    r"(?:/v2|/v2\.1|/image/v2)(?:/[0-9a-f-]+)?/(?:images|servers)(?:/|\?|$)"
)
_WRITES = frozenset(("POST", "PUT", "PATCH", "DELETE"))
_READERS = frozenset(("reader", "stranger", "unscoped"))


@dataclass(frozen=True)
class Failure:
    """A failure. `kind` is the same for failures of one cause; `command` repeats the request."""

    kind: str
    detail: str
    command: str


class ResponseChecks:
    """Counts responses and failures.

    With `is_gateway`, 502, and 503 with Retry-After, are errors of its backend and no failures.
    Without `checks_tokens`, every token is valid, so that no success is a failure.
    """

    def __init__(self, port: int, *, is_gateway: bool, checks_tokens: bool = True) -> None:
        self._checks_tokens = checks_tokens
        self._port = port
        self._is_gateway = is_gateway
        self.counts: Counter[tuple[str, str]] = Counter()
        self.failures: Counter[str] = Counter()
        self.examples: list[Failure] = []
        self.notes: list[str] = []
        self.slowest = 0.0

    def check(self, request: FuzzRequest, raw: bytes, response: Response) -> None:
        """Count a response; record a failure for each of its problems."""
        self.counts[request.api, str(response.status)] += 1
        self.slowest = max(self.slowest, response.seconds)
        if response.status == 431 and raw.find(b"\r\n\r\n") < _SMALL_HEAD:
            self.fail(f"431 for a small head: {request.method}", _shown(response), raw)
        for kind in self._problems(request, response):
            self.fail(f"{kind}: {request.method} {request.template}", _shown(response), raw)

    def fail(self, kind: str, detail: str, raw: bytes) -> None:
        """Record a failure; the first EXAMPLES of each kind are kept with their requests."""
        self.failures[kind] += 1
        if self.failures[kind] <= EXAMPLES:
            self.examples.append(Failure(kind, detail, as_command(raw, self._port)))

    def _problems(self, request: FuzzRequest, response: Response) -> list[str]:
        found = []
        status = response.status
        if status >= 500 and status not in _ALLOWED_5XX and not self.is_upstream_error(response):
            found.append(f"status {status}")
        if _is_json(response) and response.body and not _parses(response.body):
            found.append("body that is not JSON")
        if not self._checks_tokens:
            return found
        if (
            status < 300
            and _IMAGES_OR_SERVERS.match(request.target)
            and request.method != "OPTIONS"
        ):
            if request.user in BAD_USERS:
                found.append("success without a valid token")
            elif request.user in _READERS and _writes(request, response):
                found.append(f"write by {request.user}")
        return found

    def is_upstream_error(self, response: Response) -> bool:
        """Return True if the gateway reports an error of its backend."""
        retry_after = response.header("retry-after")
        return self._is_gateway and response.status in _FROM_UPSTREAM and retry_after is not None

    @property
    def failed(self) -> int:
        """The number of failures."""
        return self.failures.total()

    def report(self) -> str:
        """Return a text: counts by API and status, and the failures with their requests."""
        lines = ["   count  api       status"]
        for (api, status), count in sorted(self.counts.items()):
            lines.append(f"{count:8}  {api:8}  {status}")
        lines += self.notes[:20]
        for kind, count in self.failures.most_common():
            lines.append(f"FAILED {count} times: {kind}")
            for each in self.examples:
                if each.kind == kind:
                    lines += [f"    {each.command}", f"      -> {each.detail}"]
        return "\n".join(lines)


def _writes(request: FuzzRequest, response: Response) -> bool:
    """Return True if a successful response means that something was written.

    An empty patch only shows the image, and some media types only lead to version discovery.
    """
    if request.method not in _WRITES or response.body.startswith(b'{"version"'):
        return False
    return request.method != "PATCH" or (request.body or b"").strip() != b"[]"


def _shown(response: Response) -> str:
    body = response.body[:300].decode(errors="backslashreplace")
    return f"{response.status} {body!r} after {response.seconds:.2f} s"


def _is_json(response: Response) -> bool:
    return _JSON.match(response.header("content-type") or "") is not None


def _parses(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True
