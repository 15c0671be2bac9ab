"""FakeTransport: a Transport that returns or raises what a test gives it."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

from glimpse.upstream.transport import Response

Result = Response | Exception | None  # None: the server never responds


class SentRequest(NamedTuple):
    """The arguments of a call of `FakeTransport.request`."""

    method: str
    base_url: str
    target: str
    headers: dict[str, str]
    body: bytes | None
    max_response_bytes: int


class FakeTransport:
    """A Transport that records requests in `sent`, and calls `respond` for their results."""

    def __init__(self, respond: Callable[[SentRequest], Result]) -> None:
        self._respond = respond
        self.sent: list[SentRequest] = []
        self.closed = False

    async def request(
        self,
        method: str,
        base_url: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        max_response_bytes: int,
    ) -> Response:
        request = SentRequest(method, base_url, target, dict(headers), body, max_response_bytes)
        self.sent.append(request)
        result = self._respond(request)
        if result is None:
            await asyncio.Event().wait()
        elif isinstance(result, Exception):
            raise result
        assert isinstance(result, Response)
        return result

    async def close(self) -> None:
        self.closed = True


def json_response(document: object, status: int = 200) -> Response:
    """Return a response with a JSON body."""
    return Response(status, [(b"Content-Type", b"application/json")], json.dumps(document).encode())
