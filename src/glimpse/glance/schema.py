"""ImageSchema: which keys of images are attributes, according to Glance's image schema."""

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
    """The keys of an image schema.

    `base_attributes` are the keys of attributes. `all_keys` are all keys: those of attributes, and
    those of properties that an operator declared.
    """

    base_attributes: frozenset[str]
    all_keys: frozenset[str]


class ImageSchema:
    """The keys of Glance's image schema. The keys of the Image API are always among them.

    The schema is the same for all callers. The first call fetches the schema with the token of its
    caller. All calls wait until that first fetch has ended. The keys become due for a later fetch
    `max_age` seconds after a successful fetch, or ten seconds after a failed fetch. The next call
    then starts the fetch in the background. A call raises nothing if a fetch fails: the call
    returns the last known keys, at first those of the Image API. Close the schema to cancel a
    fetch.
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
        """Return the keys that are attributes; all other keys are properties. Raises nothing.

        `token` is the caller's token, with which the schema is fetched if necessary. Waits for the
        first fetch of the schema, but not for later fetches.
        """
        await self._keep_fresh(token)
        return self._keys.base_attributes

    async def all_keys(self, token: str) -> frozenset[str]:
        """Return all keys in the schema, including properties that an operator declared.

        `token` is the caller's token, with which the schema is fetched if necessary. Waits for the
        first fetch of the schema, but not for later fetches. Raises nothing.
        """
        await self._keep_fresh(token)
        return self._keys.all_keys

    async def _keep_fresh(self, token: str) -> None:
        if self._clock() >= self._stale_at:
            refresh = self._refresh.start(token)
            if not self._was_fetched:
                await asyncio.wait((refresh,))  # a cancelled caller does not cancel it

    async def _fetch_attributes(self, token: str) -> None:
        """Fetch the schema and keep its keys; after an ImageServiceError, keep the old keys.

        The ImageServiceError does not get out of this method; any other error does. The next fetch
        is due `max_age` seconds after a success, ten seconds after any failure or a cancellation.
        """
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
        """Cancel a fetch in progress. Calls that wait for the fetch return the last known keys."""
        self._refresh.close()


def parse_schema(response: Response) -> SchemaKeys:
    """Return the keys in a response to ``GET /v2/schemas/image``.

    A key that the schema marks ``is_base: false`` is no base attribute. Every other key is a base
    attribute, as in python-glanceclient, which Compute uses. Raises InvalidResponse for an
    unsuccessful response, for a body that is not a schema, for more than 1,000 keys, and for a key
    of more than 255 characters. Raises TooLarge if the body has more than 100,000 opening brackets
    and braces.
    """
    described = parse_document(response).get("properties") if is_success(response) else None
    if not isinstance(described, Mapping):
        raise InvalidResponse("The Image service's response is not a schema.")
    declared = frozenset(described)
    if len(declared) > _MAX_ATTRIBUTES or any(len(a) > _MAX_ATTRIBUTE_LENGTH for a in declared):
        raise InvalidResponse("The Image service's schema has too many attributes.")
    return SchemaKeys(frozenset(key for key in declared if _is_base(described[key])), declared)


def _is_base(details: Any) -> bool:
    return not (isinstance(details, Mapping) and details.get("is_base") is False)
