"""Reads recorded exchanges from a directory with a file for each, or from a compact file.

``exchanges.jsonl`` has those that came with the API reference. ``more.jsonl`` was recorded later,
with the same release of Compute and the same images: unusual values of all filters, headers and
bodies, as all users.

`python -m tests.golden.exchanges DIR` converts a directory to the compact form: one line of JSON
for each exchange, sorted by name, without the headers that are not compared.
"""

import functools
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMPACT = Path(__file__).with_name("exchanges.jsonl")
MORE = COMPACT.with_name("more.jsonl")
IGNORED_HEADERS = frozenset(("date", "server", "connection"))
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
REQUEST_IDS = ("x-openstack-request-id", "x-compute-request-id")
_FIXTURE = "fixture.json"


@dataclass(frozen=True)
class Exchange:
    """A request and the response of a real Compute.

    `token` names a user of the fixture, or is ``none`` or ``invalid``. `response_body` is parsed
    JSON, or text if it was not JSON. `glance` lists the requests that Compute sent to the Image
    service, `glance_errors` has the messages of its 4xx responses.
    """

    name: str
    method: str
    path: str
    token: str
    headers: dict[str, str]
    body: str | None
    status: int
    response_headers: tuple[tuple[str, str], ...]
    response_body: Any
    glance: tuple[str, ...] = ()
    glance_errors: dict[str, Any] | None = None

    @property
    def writes(self) -> bool:
        """True if the request may change images."""
        return self.method not in SAFE_METHODS

    def json_body(self) -> Any:
        """Return the parsed JSON of the request's body; None if it is not JSON."""
        try:
            return json.loads(self.body or "")
        except (ValueError, RecursionError):
            return None

    def __str__(self) -> str:
        headers = "".join(f"\n{name}: {value}" for name, value in self.headers.items())
        return f"{self.method} {self.path} (as {self.token}){headers}\n\n{self.body or ''}"[:3000]


@functools.cache
def read_exchanges(source: Path) -> tuple[Exchange, ...]:
    """Read a directory of exchanges or a compact file, sorted by name."""
    pairs: Iterable[tuple[str, Any]]
    if source.is_dir():
        files = sorted(source.glob("*.json"))
        pairs = [(f.stem, json.loads(f.read_bytes())) for f in files if f.name != _FIXTURE]
    else:
        with source.open("rb") as lines:
            documents = [json.loads(line) for line in lines]
        pairs = [(document["name"], document) for document in documents]
    return tuple(_exchange(name, document) for name, document in pairs)


def read_fixture(source: Path) -> dict[str, Any]:
    """Read the fixture that belongs to a directory or a compact file of exchanges."""
    directory = source if source.is_dir() else source.parent
    document: dict[str, Any] = json.loads((directory / _FIXTURE).read_bytes())
    return document


def _exchange(name: str, document: dict[str, Any]) -> Exchange:
    request, response = document["request"], document["response"]
    return Exchange(
        name=name,
        method=request["method"],
        path=request["path"],
        token=request["token"],
        headers=dict(request["headers"]),
        body=request["body"],
        status=response["status"],
        response_headers=tuple((key, value) for key, value in response["headers"]),
        response_body=response["body"],
        glance=tuple(document.get("glance", ())),
        glance_errors=document.get("glance_errors") or None,
    )


def compact_lines(exchanges: Iterable[Exchange]) -> Iterator[str]:
    """Yield each exchange as a line of JSON, without ignored headers and with ``req-*`` ids."""
    for exchange in exchanges:
        headers = [
            [name, "req-*" if name.lower() in REQUEST_IDS else value]
            for name, value in exchange.response_headers
            if name.lower() not in IGNORED_HEADERS
        ]
        document = {
            "name": exchange.name,
            "request": {
                "method": exchange.method,
                "path": exchange.path,
                "token": exchange.token,
                "headers": exchange.headers,
                "body": exchange.body,
            },
            "response": {
                "status": exchange.status,
                "headers": headers,
                "body": exchange.response_body,
            },
            "glance": list(exchange.glance),
        }
        if exchange.glance_errors:
            document["glance_errors"] = exchange.glance_errors
        yield json.dumps(document, separators=(",", ":")) + "\n"


def main(directory: str, destination: Path = COMPACT) -> None:
    """Write the compact form of `directory` to `destination`, and the fixture beside it."""
    source = Path(directory)
    destination.write_text("".join(compact_lines(read_exchanges(source))))
    fixture = json.dumps(read_fixture(source), indent=1, ensure_ascii=False, sort_keys=True)
    destination.with_name(_FIXTURE).write_text(fixture + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
