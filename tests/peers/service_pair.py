"""Both at once: a request to a real Glance or Keystone, and the same to the embedded services."""

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.support.cloud import Cloud, issue_token
from tests.support.http import Response, request

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?")


class ResponsePair(NamedTuple):
    """What the real service answered, and what the embedded one did."""

    real: Response
    embedded: Response

    def assert_alike(self) -> None:
        """The same status, and documents of the same form; of images, of the same content."""
        told = f"the real one:\n{self.real}\n\nthe embedded one:\n{self.embedded}"
        assert self.embedded.status == self.real.status, told
        if self.real.status < 300 and self.real.body.startswith(b"{"):
            assert comparable(self.embedded.json()) == comparable(self.real.json()), told
        elif self.real.status < 300:
            assert self.embedded.body == self.real.body, told


class ServicePair:
    """Sends requests to both, each with a token of its own for the same user."""

    def __init__(self, real: Cloud, embedded: Cloud) -> None:
        self._clouds = (real, embedded)
        self._tokens: dict[tuple[int, str], str] = {}

    def image(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        user: str | None = "owner",
    ) -> ResponsePair:
        """A request to the Image API; a body that is not bytes is JSON."""
        urls = [cloud.image_url_at(cloud.process.base_url) for cloud in self._clouds]
        return self._send(urls, method, path, body, headers or {}, user)

    def identity(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> ResponsePair:
        """A request to the Identity API."""
        urls = [cloud.identity_url for cloud in self._clouds]
        return self._send(urls, method, path, body, headers or {}, user)

    def create(self, **attributes: Any) -> str:
        """An image of the owner's in both, with the same id."""
        image_id = str(uuid.uuid4())
        pair = self.image("POST", "/v2/images", {"id": image_id, **attributes})
        assert pair.real.status == pair.embedded.status == 201, pair
        return image_id

    def _send(
        self,
        urls: list[str],
        method: str,
        path: str,
        body: object,
        headers: Mapping[str, str],
        user: str | None,
    ) -> ResponsePair:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        responses = []
        for which, url in enumerate(urls):
            place = urlsplit(url)
            sent = {"Content-Type": "application/json", **headers} if data is not None else headers
            if user is not None:
                sent = {**sent, "X-Auth-Token": self._token(which, user)}
            address = (str(place.hostname), place.port or 80)
            responses.append(request(address, method, place.path + path, sent, data))
        return ResponsePair(*responses)

    def _token(self, which: int, user: str) -> str:
        if (which, user) not in self._tokens:
            url = self._clouds[which].identity_url
            self._tokens[which, user] = issue_token(url, user)
        return self._tokens[which, user]


# What one of them has and the other has not, or names differently: documented, or a store's own
_ASIDE = frozenset(("created_at", "updated_at", "stores", "locations", "direct_url", "description"))


def comparable(value: Any) -> Any:
    """A document without what has to be different."""
    if isinstance(value, dict):
        return {
            key: sorted(map(str, each)) if key == "tags" else comparable(each)
            for key, each in value.items()
            if key not in _ASIDE
        }
    if isinstance(value, list):
        return [comparable(each) for each in value]
    if isinstance(value, str):
        return _DATE.sub("DATE", _UUID.sub("UUID", value))
    return value


def document_shape(value: Any) -> Any:
    """The types in a document, of a list those of its first entry."""
    if isinstance(value, dict):
        return {key: document_shape(each) for key, each in value.items() if key not in _ASIDE}
    if isinstance(value, list):
        return [document_shape(each) for each in value[:1]]
    if isinstance(value, str):
        return "date" if _DATE.fullmatch(value) else "text"
    return type(value).__name__
