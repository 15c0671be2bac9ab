"""Generated requests: reads with filters, limits, markers and ids; and writes of metadata.

About half of the values of filters are those of an image, so that many lists are not empty.
"""

from collections.abc import Callable, Mapping
from random import Random
from urllib.parse import quote

from tests.peers.gateway_pair import PairedRequest
from tests.peers.odd_images import (
    FOUR_BYTES,
    GUEST,
    KEYS,
    STATUSES,
    SYSTEM,
    TEXTS,
    USERS,
    Document,
    image_id,
)

_WORDS = (*TEXTS, *FOUR_BYTES, *(f"image {number}" for number in range(7)), "in:plain,abc", "\0")
_NUMBERS = ("0", "1", "2", "64", "128", "2147483647", "2147483648", "-1", "abc", "1.5", "", " 1")
_DATES = (
    *("2024-03-01T11:30:31Z", "2024-03-01T11:30:31", "2024-03-01", "2024-03-01T13:30:31+02:00"),
    *("2024-03-01 11:30:31", "yesterday", "2099-01-01T00:00:00Z", "", "0001-01-01T00:00:00Z"),
)
_STATUSES = (
    *(*STATUSES, "deleted", "", *["ACTIVE"] * 3),
    *("SAVING", "DELETED", "Active", "UNKNOWN", "ERROR"),
)
_LIMITS = ("0", "1", "2", "3", "7", "25", "999", "1000", "1001", "-1", "x", "")


class ImageQueries:
    """Generates requests. The same seed and images give the same requests."""

    def __init__(self, images: list[Document], seed: int) -> None:
        self._images = images
        self._random = Random(seed)
        self._image = images[0]  # whose values the filters of the next request have
        self._filters: Mapping[str, Callable[[], str]] = {
            "name": self._word,
            "status": lambda: self._random.choice(_STATUSES),
            "minRam": lambda: self._random.choice(_NUMBERS),
            "minDisk": lambda: self._random.choice(_NUMBERS),
            "changes-since": lambda: self._random.choice(_DATES),
            "type": lambda: self._random.choice(("base", "snapshot", "SNAPSHOT", "x")),
            "server": lambda: self._random.choice((image_id(0xF00), "http://h/v2/servers/x", "")),
            "limit": lambda: self._random.choice(_LIMITS),
            "marker": self._image_id,
            "visibility": lambda: self._random.choice(("public", "community", "x")),
            "owner": lambda: self._random.choice(USERS).project_id,
        }

    def next_request(self) -> PairedRequest:
        """Return the next request of one of the users."""
        self._image = self._random.choice(self._images)
        user = self._user()
        method = "HEAD" if self._random.random() < 0.03 else "GET"
        kind = self._random.random()
        if kind < 0.65:
            path = self._random.choice(("/images", "/images/detail"))
            return PairedRequest(user, method, f"/v2.1{path}{self._query()}")
        path = f"/v2.1/images/{quote(self._image_id(), safe='')}"
        if kind > 0.95:
            path += f"/metadata/{quote(self._random.choice((*KEYS, 'lot', 'none')), safe='')}"
        elif kind > 0.85:
            path += "/metadata"
        return PairedRequest(user, method, path)

    def next_write(self, image_id: str) -> PairedRequest:
        """Return the next request that changes the metadata of an image."""
        path = f"/v2.1/images/{image_id}/metadata"
        user, key = self._user(), self._random.choice(KEYS)
        item = f"{path}/{quote(key, safe='')}"
        match self._random.randrange(4):
            case 0:
                return PairedRequest(user, "DELETE", item)
            case 1:
                return PairedRequest(user, "PUT", item, {"meta": {key: self._word()}})
        keys = self._random.sample(KEYS, self._random.choice((1, 2, 4)))
        metadata = {name: self._word() for name in keys}
        return PairedRequest(
            user, self._random.choice(("POST", "PUT")), path, {"metadata": metadata}
        )

    def _user(self) -> str:
        weights = [1 if user in (GUEST, SYSTEM) else 5 for user in USERS]
        return self._random.choices(USERS, weights)[0].name

    def _query(self) -> str:
        choices = [*self._filters, "property", "property"]
        names = self._random.choices(choices, k=self._random.choice((0, 1, 1, 1, 2, 3)))
        pairs = [self._pair(name) for name in names]
        return f"?{'&'.join(pairs)}" if pairs else ""

    def _pair(self, name: str) -> str:
        if name != "property":
            return f"{name}={quote(self._filters[name](), safe='')}"
        key = self._random.choice((*KEYS, "lot", "lot", "KEY1", "min_ram", "none"))
        value = self._random.choice(("0", "1", "2", self._word()))
        own = sorted(self._image.keys() & {*KEYS, "lot"})
        if self._random.random() < 0.6:
            key = self._random.choice(own)
            value = self._image[key] or ""
        return f"property-{quote(key, safe='')}={quote(value, safe='')}"

    def _word(self) -> str:
        word = self._random.choice(_WORDS)
        if self._random.random() < 0.4:
            word = self._image["name"] or ""
        change = self._random.random()
        if change < 0.1:
            return word.upper()
        return f"{word} " if change < 0.2 else word

    def _image_id(self) -> str:
        """Return the id of an image, of whatever state, or of none; some in upper case."""
        found = image_id(self._random.randrange(len(self._images)))
        kind = self._random.random()
        if kind < 0.04:
            return found.upper()
        if kind < 0.08:
            return self._random.choice((image_id(0xDEAD), "x", "é", f"{found} "))
        return found
