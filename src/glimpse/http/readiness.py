"""Readiness: reports if each part that this process depends on is available.

Parts are, for example, the image service and the identity. `app` passes a check for each part.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import orjson
from starlette.types import Scope, Send

from glimpse.http.responses import send_response

_LOG = logging.getLogger(__name__)
_TIMEOUT = 3.0  # seconds for one check
_MAX_AGE = 1.0  # seconds for which results are kept, so that frequent requests run few checks


class ReadinessNote(NamedTuple):
    """A problem that a part reports although the part is ready.

    Example: a database replica is unavailable, and the primary database is read instead.
    """

    text: str


# Returns a text if the part is not ready: the reason. Returns a ReadinessNote on a part that is
# ready but has a problem, and None if all is well. Texts and notes have no addresses and no
# secrets.
ReadinessCheck = Callable[[], Awaitable[str | ReadinessNote | None]]


class Readiness:
    """Responds 200 if all parts are ready, and 503 otherwise.

    `checks` has the name of each part and its check. A part is not ready if its check returns a
    reason, raises an exception, or takes more than `timeout` seconds. A part whose check returns a
    ReadinessNote is ready. Results are kept for a second, so that frequent requests run few checks.

    The body is JSON: ``{"ready": false, "parts": {"glance": {"ready": false, "reason": "..."}}}``.
    A part that is ready may have a ``note`` instead of the ``reason``.
    """

    def __init__(self, checks: Mapping[str, ReadinessCheck], timeout: float = _TIMEOUT) -> None:
        self._checks = checks
        self._timeout = timeout
        self._lock = asyncio.Lock()
        self._reasons: dict[str, str | ReadinessNote | None] = {}
        self._checked_at = -_MAX_AGE

    async def __call__(self, scope: Scope, send: Send) -> None:
        """Respond 200 or 503 to a request of any method; the response to HEAD has no body.

        The body is JSON. The response must not be cached (``Cache-Control: no-store``).
        """
        reasons = await self._recent_reasons()
        parts = {name: _describe(reason) for name, reason in reasons.items()}
        is_ready = all(part["ready"] for part in parts.values())
        body = orjson.dumps({"ready": is_ready, "parts": parts})
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await send_response(send, 200 if is_ready else 503, headers, body, method=scope["method"])

    async def _recent_reasons(self) -> dict[str, str | ReadinessNote | None]:
        """Return the result of each part's check: a reason, a note, or None if all is well.

        Results are kept for a second after their run. The checks run at the same time. Concurrent
        calls share one run of the checks.
        """
        async with self._lock:
            if time.monotonic() - self._checked_at >= _MAX_AGE:
                reasons = await asyncio.gather(*map(self._check, self._checks))
                self._reasons = dict(zip(self._checks, reasons, strict=True))
                self._checked_at = time.monotonic()
        return self._reasons

    async def _check(self, name: str) -> str | ReadinessNote | None:
        """Return the result of a part's check, or a reason if the check raises or takes too long.

        If the check raises, logs a warning with the type of the exception.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return await self._checks[name]()
        except TimeoutError:
            return f"no response within {self._timeout:g} seconds"
        except Exception as error:  # noqa: BLE001  after any error, this part is not ready
            # The text of the error may hold an address with credentials in it.
            _LOG.warning("The readiness check of %s raised %s.", name, type(error).__name__)
            return "does not respond"


def _describe(reason: str | ReadinessNote | None) -> dict[str, Any]:
    """Return the JSON object for a part: ``ready``, and its ``reason`` or ``note`` if any."""
    if reason is None:
        return {"ready": True}
    if isinstance(reason, ReadinessNote):
        return {"ready": True, "note": reason.text}
    return {"ready": False, "reason": reason}
