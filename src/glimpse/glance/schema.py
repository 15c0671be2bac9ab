"""ImageSchema: the attributes of image documents, by Glance's image schema."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from glimpse.glance.responses import is_success, parse_document
from glimpse.images import BASE_ATTRIBUTES
from glimpse.images.errors import ImageServiceError, InvalidResponse
from glimpse.upstream.single_flight import SingleFlight
from glimpse.upstream.transport import Response

# Of a response. A schema with dozens of properties that an operator declared has 20 kB.
MAX_BYTES = 1024 * 1024
_MAX_ATTRIBUTES = 1000
_MAX_ATTRIBUTE_LENGTH = 255  # characters, as of a property's key
_RETRY_AFTER = 10.0  # seconds after a fetch that failed

# Requests the image schema with a caller's token.
FetchSchema = Callable[[str], Awaitable[Response]]


class SchemaKeys(NamedTuple):
    """Keys that an image schema has: those of attributes, and those together with properties."""

    base_attributes: frozenset[str]
    declared: frozenset[str]


class ImageSchema:
    """The attributes of the Image API together with those that Glance's image schema adds.

    The schema is the same for all callers. The first call fetches it, with its caller's token, and
    waits for it, as do others that come meanwhile. A call more than `max_age` seconds after a fetch
    that succeeded, or ten seconds after one that failed, starts another in the background. Until a
    fetch succeeds, the last known attributes are used: at first those of the Image API.
    """

    def __init__(
        self, fetch: FetchSchema, max_age: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._max_age = max_age
        self._clock = clock
        self._keys = SchemaKeys(BASE_ATTRIBUTES, BASE_ATTRIBUTES)
        self._was_fetched = False  # successfully or not
        self._stale_at = 0.0
        self._refresh = SingleFlight(self._fetch_attributes)

    async def base_attributes(self, token: str) -> frozenset[str]:
        """Return the keys that are attributes; all others are properties. Raises nothing.

        `token` is the caller's; it is used if the schema has to be fetched. Waits for the first
        fetch only.
        """
        await self._keep_fresh(token)
        return self._keys.base_attributes

    async def declared_keys(self, token: str) -> frozenset[str]:
        """Return all keys that the schema has, those of an operator's properties among them.

        Like `base_attributes` otherwise.
        """
        await self._keep_fresh(token)
        return self._keys.declared

    async def _keep_fresh(self, token: str) -> None:
        if self._clock() >= self._stale_at:
            refresh = self._refresh.start(token)
            if not self._was_fetched:
                await asyncio.wait((refresh,))  # a cancelled caller does not cancel it

    async def _fetch_attributes(self, token: str) -> None:
        """Fetch the schema, and set when to fetch it again; keep the attributes if that fails."""
        lifetime = _RETRY_AFTER
        try:
            keys = parse_schema(await self._fetch(token))
            self._keys = SchemaKeys(*(BASE_ATTRIBUTES | each for each in keys))
            lifetime = self._max_age
        except ImageServiceError:
            pass  # the attributes of the Image API are enough for nearly every image
        finally:
            self._was_fetched = True
            self._stale_at = self._clock() + lifetime

    def close(self) -> None:
        """Cancel a fetch in progress."""
        self._refresh.close()


def parse_schema(response: Response) -> SchemaKeys:
    """Return the keys in a response to ``GET /v2/schemas/image``.

    Base attributes are the keys of the schema's properties without those marked ``is_base: false``,
    as in python-glanceclient, which Compute uses. Raises InvalidResponse for an unsuccessful
    response, for one without a schema, and for more than 1,000 keys or one of over 255 characters.
    """
    described = parse_document(response).get("properties") if is_success(response) else None
    if not isinstance(described, Mapping):
        raise InvalidResponse("The Image service's answer is not a schema.")
    declared = frozenset(described)
    if len(declared) > _MAX_ATTRIBUTES or any(len(a) > _MAX_ATTRIBUTE_LENGTH for a in declared):
        raise InvalidResponse("The Image service's schema has too many attributes.")
    return SchemaKeys(frozenset(key for key in declared if _is_base(described[key])), declared)


def _is_base(details: Any) -> bool:
    return not (isinstance(details, Mapping) and details.get("is_base") is False)
