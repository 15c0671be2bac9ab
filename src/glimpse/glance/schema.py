"""ImageSchema: which keys of an image document are attributes, as Glance's own schema says."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from glimpse.glance import responses
from glimpse.glance.responses import Answer
from glimpse.images import BASE_ATTRIBUTES
from glimpse.images.errors import ImageServiceError, InvalidResponse

MOST_BYTES = (
    1024 * 1024
)  # of an answer; a schema with dozens of the operator's properties has 20 kB
_MOST_ATTRIBUTES = 1000
_LONGEST_ATTRIBUTE = 255  # characters, as of a property's key
_RETRY_AFTER = 10.0  # seconds after a fetch that failed

Fetch = Callable[[str], Awaitable[Answer]]


class ImageSchema:
    """The base attributes of Glance's image schema together with those of the Image API.

    `fetch` asks for the schema with a caller's token: it is the same for all. The first caller
    waits for the first fetch; when `max_age` seconds have passed, or a fetch failed, the next one
    is made aside and the attributes known last stand meanwhile.
    """

    def __init__(
        self, fetch: Fetch, max_age: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._max_age = max_age
        self._clock = clock
        self._known: frozenset[str] = BASE_ATTRIBUTES
        self._tried = False
        self._stale_at = 0.0
        self._fetching: asyncio.Task[None] | None = None

    async def base_attributes(self, token: str) -> frozenset[str]:
        """The names that are attributes rather than properties."""
        if self._fetching is None and self._clock() >= self._stale_at:
            self._fetching = asyncio.create_task(self._refresh(token))
        if self._fetching is not None and not self._tried:
            await asyncio.wait((self._fetching,))  # whoever stops waiting does not stop it
        return self._known

    async def _refresh(self, token: str) -> None:
        lifetime = _RETRY_AFTER
        try:
            self._known = BASE_ATTRIBUTES | described_attributes(await self._fetch(token))
            lifetime = self._max_age
        except ImageServiceError:
            pass  # of no consequence: the attributes of the Image API are known
        finally:
            self._tried = True
            self._stale_at = self._clock() + lifetime
            self._fetching = None

    async def close(self) -> None:
        """End a fetch under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait((self._fetching,))


def described_attributes(answer: Answer) -> frozenset[str]:
    """The base attributes in a response to ``GET /v2/schemas/image``. Raises InvalidResponse.

    All properties of the schema but those marked ``is_base: false``, as python-glanceclient, and
    Compute with it, reads it.
    """
    described = (
        responses.document(answer).get("properties") if responses.is_success(answer) else None
    )
    if not isinstance(described, Mapping):
        raise InvalidResponse("The Image service's answer is not a schema.")
    found = frozenset(key for key, about in described.items() if _is_base(about))
    if len(found) > _MOST_ATTRIBUTES or any(len(key) > _LONGEST_ATTRIBUTE for key in found):
        raise InvalidResponse("The Image service's schema has too many attributes.")
    return found


def _is_base(about: Any) -> bool:
    return not (isinstance(about, Mapping) and about.get("is_base") is False)
