"""Readiness: whether what this process depends on answers, part by part."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

import orjson
from starlette.types import Scope, Send

_LOG = logging.getLogger(__name__)
_TIMEOUT = 3.0  # seconds that one part has to answer in
_MAX_AGE = 1.0  # seconds that an answer is good for: whoever asks often does not load the parts

# Returns why the part is not ready, in words that anybody may read; None if it is.
HealthCheck = Callable[[], Awaitable[str | None]]


class ReadinessView:
    """Answers 200 when every part is ready, 503 when one is not, raises, or takes too long.

    The body names each part and says of it what its probe returns: no address, no secret.
    """

    def __init__(self, probes: Mapping[str, HealthCheck], timeout: float = _TIMEOUT) -> None:
        self._probes = probes
        self._timeout = timeout
        self._asking = asyncio.Lock()
        self._found: dict[str, str | None] = {}
        self._asked_at = -_MAX_AGE

    async def __call__(self, scope: Scope, send: Send) -> None:
        """Answer, whatever the verb."""
        found = await self._current()
        ready = not any(found.values())
        parts = {
            name: {"ready": True} if reason is None else {"ready": False, "reason": reason}
            for name, reason in found.items()
        }
        body = orjson.dumps({"ready": ready, "parts": parts})
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
        ]
        status = 200 if ready else 503
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if scope["method"] == "HEAD":
            body = b""
        await send({"type": "http.response.body", "body": body})

    async def _current(self) -> dict[str, str | None]:
        """Why each part is not ready, None for one that is; asked once for all who wait."""
        async with self._asking:
            if time.monotonic() - self._asked_at >= _MAX_AGE:
                reasons = await asyncio.gather(*map(self._ask, self._probes, self._probes.values()))
                self._found = dict(zip(self._probes, reasons, strict=True))
                self._asked_at = time.monotonic()
        return self._found

    async def _ask(self, name: str, probe: HealthCheck) -> str | None:
        try:
            async with asyncio.timeout(self._timeout):
                return await probe()
        except TimeoutError:
            return f"no answer within {self._timeout:g} seconds"
        except Exception as error:  # noqa: BLE001  whatever it is, this part does not answer
            # Its text may hold an address with credentials in it.
            _LOG.warning("The readiness of %s cannot be told: %s", name, type(error).__name__)
            return "does not answer"
