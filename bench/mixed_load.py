"""Load: well-behaved and misbehaving clients that send requests to one cloud for a time."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from itertools import count, cycle
from typing import Any

from tests.fuzz.clouds import FuzzCloud
from tests.fuzz.connection import BadResponse, Connection
from tests.fuzz.grammar import Grammar
from tests.fuzz.random_source import RandomSource
from tests.fuzz.request import FuzzRequest, Response
from tests.support.cloud import PASSWORD
from tests.support.gateway import GatewayCloud

_FROM_UPSTREAM = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE)
_BAD_REQUESTS = 400  # sent repeatedly, so that caches do not grow with time
_DATA = b"\0" * 1_000_000
_PIECE = 20_000  # bytes that a slow client reads at a time
_CLIENTS = {
    "read": 4,
    "write": 2,
    "log_in": 1,
    "transfer": 2,
    "hang_up": 2,
    "read_slowly": 2,
    "send_bad_request": 2,
}
_PAUSES = {"log_in": 1.0, "transfer": 0.1, "hang_up": 0.05}  # seconds between requests
_PAUSE = 0.02


class Load:
    """The clients. `counts` has the number of responses by status, `problems` of failures."""

    def __init__(self, target: FuzzCloud) -> None:
        cloud = target.cloud
        backend = cloud.backend if isinstance(cloud, GatewayCloud) else cloud
        self._state = target.state
        self._port, self._native_port = cloud.process.port, backend.process.port
        host = f"127.0.0.1:{self._port}"
        grammar, rng = Grammar(target.routes, target.state, host), RandomSource("soak")
        self._bad = cycle([grammar.request(rng) for _ in range(_BAD_REQUESTS)])
        self._host = host
        self._is_gateway = target.is_gateway
        self._numbers = count()
        self.counts: Counter[int] = Counter()
        self.problems: Counter[str] = Counter()

    async def run(self, seconds: float) -> None:
        """Run all clients for `seconds`."""
        end = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            for kind, number in _CLIENTS.items():
                for _ in range(number):
                    group.create_task(self._client(kind, end))

    async def _client(self, kind: str, end: float) -> None:
        work: Callable[[Connection, Connection], Awaitable[None]] = getattr(self, f"_{kind}")
        connection, native = Connection(self._port), Connection(self._native_port)
        while time.monotonic() < end:
            try:
                await work(connection, native)
            except (BadResponse, TimeoutError, OSError, asyncio.IncompleteReadError) as error:
                self.problems[f"{kind}: {error!r}"] += 1
            await asyncio.sleep(_PAUSES.get(kind, _PAUSE))
        await connection.close()
        await native.close()

    async def _request(
        self,
        connection: Connection,
        method: str,
        target: str,
        body: bytes | None = None,
        kind: str = "application/json",
        hang_up: int | None = None,
    ) -> Response | None:
        headers = [("X-Auth-Token", self._state.tokens["owner"])]
        if body is not None:
            headers.append(("Content-Type", kind))
        request = FuzzRequest("", method, target, target, "owner", headers, body, hang_up=hang_up)
        response = await self._send(connection, request)
        if response is not None and response.status == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
            self.problems[f"431 for a small head: {method}"] += 1
        return response

    async def _send(self, connection: Connection, request: FuzzRequest) -> Response | None:
        response = await connection.send(request, request.encode(self._host))
        if response is not None:
            self.counts[response.status] += 1
            upstream = self._is_gateway and response.status in _FROM_UPSTREAM
            if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not upstream:
                self.problems[f"{response.status}: {request.method} {request.template}"] += 1
        return response

    def _image(self) -> str:
        return self._state.images[next(self._numbers) % len(self._state.images)]

    async def _read(self, connection: Connection, _: Connection) -> None:
        for target in ("", "/detail?limit=25", "/detail", f"/{self._image()}"):
            await self._request(connection, "GET", f"/v2.1/images{target}")

    async def _write(self, connection: Connection, _: Connection) -> None:
        number = next(self._numbers)
        body = json.dumps({"metadata": {f"key{number % 10}": f"value {number % 100}"}}).encode()
        await self._request(connection, "POST", f"/v2.1/images/{self._image()}/metadata", body)

    async def _log_in(self, _: Connection, native: Connection) -> None:
        number = next(self._numbers)
        for name, password in (("owner", PASSWORD), (f"nobody-{number}", "wrong")):
            user = {"name": name, "domain": {"id": "default"}, "password": password}
            identity: dict[str, Any] = {"methods": ["password"], "password": {"user": user}}
            body = json.dumps({"auth": {"identity": identity}}).encode()
            await self._request(native, "POST", "/identity/v3/auth/tokens", body)

    async def _transfer(self, _: Connection, native: Connection) -> None:
        image = await self._create(native)
        data = "application/octet-stream"
        await self._request(native, "PUT", f"{image}/file", _DATA, data)
        await self._request(native, "GET", f"{image}/file")
        await self._request(
            native, "PUT", f"{image}/file", _DATA, data
        )  # rejected: the image has data
        await self._delete(native, image)

    async def _create(self, native: Connection) -> str:
        document = {"name": "soak", "disk_format": "raw", "container_format": "bare"}
        body = json.dumps(document).encode()
        response = await self._request(native, "POST", "/image/v2/images", body)
        if response is None or response.status != HTTPStatus.CREATED:
            raise BadResponse(f"no image was created: {response}")
        return f"/image/v2/images/{json.loads(response.body)['id']}"

    async def _delete(self, native: Connection, image: str) -> None:
        """Delete an image; try again over a new connection if that fails.

        Otherwise lists would grow with time.
        """
        response = await self._request(native, "DELETE", image)
        if response is None or response.status != HTTPStatus.NO_CONTENT:
            await native.close()
            await self._request(native, "DELETE", image)

    async def _hang_up(self, connection: Connection, native: Connection) -> None:
        """Close the connection after a request, within one, and within an upload."""
        await self._request(connection, "GET", "/v2.1/images/detail", hang_up=-1)
        await self._request(connection, "GET", "/v2.1/images/detail", hang_up=40)
        image = await self._create(native)
        data = "application/octet-stream"
        await self._request(native, "PUT", f"{image}/file", _DATA, data, hang_up=300_000)
        await self._delete(native, image)

    async def _read_slowly(self, connection: Connection, native: Connection) -> None:
        """Send a head byte by byte, then read image data in small pieces, and not to its end."""
        token = ("X-Auth-Token", self._state.tokens["owner"])
        head = FuzzRequest("", "GET", "", "/v2.1/images?limit=1", "owner", [token])
        head.pieces = (1,) * 200
        await self._send(connection, head)
        image = await self._create(native)
        await self._request(native, "PUT", f"{image}/file", _DATA, "application/octet-stream")
        request = FuzzRequest("", "GET", "", f"{image}/file", "owner", [token])
        reader, writer = await asyncio.open_connection("127.0.0.1", self._native_port, limit=_PIECE)
        writer.write(request.encode(self._host))
        with suppress(asyncio.IncompleteReadError):
            for _ in range(len(_DATA) // _PIECE // 2):  # then hang up
                await reader.readexactly(_PIECE)
                await asyncio.sleep(0.02)
        writer.transport.abort()
        await self._delete(native, image)

    async def _send_bad_request(self, connection: Connection, _: Connection) -> None:
        request = next(self._bad)
        if request.api not in ("metrics", "identity") and request.method != "DELETE":
            await self._send(connection, request)
