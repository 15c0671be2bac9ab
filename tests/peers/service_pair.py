"""ServicePair: sends the same requests to real services and to embedded ones."""

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
    """The responses of the real service and of the embedded one to the same request."""

    real: Response
    embedded: Response

    def assert_alike(self) -> None:
        """Fail unless the status codes are equal, and the bodies of 2xx after `comparable`."""
        details = f"the real one:\n{self.real}\n\nthe embedded one:\n{self.embedded}"
        assert self.embedded.status == self.real.status, details
        if self.real.status < 300 and self.real.body.startswith(b"{"):
            assert comparable(self.embedded.json()) == comparable(self.real.json()), details
        elif self.real.status < 300:
            assert self.embedded.body == self.real.body, details


class ServicePair:
    """A cloud with real services and one with embedded services, with the same users."""

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
        """Send a request to both Image APIs. A body that is not bytes is sent as JSON."""
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
        """Send a request to both Identity APIs. A body that is not bytes is sent as JSON."""
        urls = [cloud.identity_url for cloud in self._clouds]
        return self._send(urls, method, path, body, headers or {}, user)

    def create(self, **attributes: Any) -> str:
        """Create an image of the user ``owner`` in both, with the same id; return the id."""
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
        for position, url in enumerate(urls):
            parts = urlsplit(url)
            sent = {"Content-Type": "application/json", **headers} if data is not None else headers
            if user is not None:
                sent = {**sent, "X-Auth-Token": self._token(position, user)}
            address = (str(parts.hostname), parts.port or 80)
            responses.append(request(address, method, parts.path + path, sent, data))
        return ResponsePair(*responses)

    def _token(self, position: int, user: str) -> str:
        if (position, user) not in self._tokens:
            url = self._clouds[position].identity_url
            self._tokens[position, user] = issue_token(url, user)
        return self._tokens[position, user]


# Members that only one of the services has, or that differ by design (docs/differences.md)
_NOT_COMPARED = frozenset(
    ("created_at", "updated_at", "stores", "locations", "direct_url", "description")
)


def comparable(value: Any) -> Any:
    """Return a document without what differs by design: some keys, ids, dates, some orders.

    The orders are those of tags, and of members that are added in the same second.
    """
    if isinstance(value, dict):
        return {
            key: sorted(map(str, map(comparable, each)))
            if key in ("tags", "members") and isinstance(each, list)
            else comparable(each)
            for key, each in value.items()
            if key not in _NOT_COMPARED
        }
    if isinstance(value, list):
        return [comparable(each) for each in value]
    if isinstance(value, str):
        return _DATE.sub("DATE", _UUID.sub("UUID", value))
    return value


def document_shape(value: Any) -> Any:
    """Return the document with types instead of values, and only the first entry of each list."""
    if isinstance(value, dict):
        return {
            key: document_shape(each) for key, each in value.items() if key not in _NOT_COMPARED
        }
    if isinstance(value, list):
        return [document_shape(each) for each in value[:1]]
    if isinstance(value, str):
        return "date" if _DATE.fullmatch(value) else "text"
    return type(value).__name__


def without_descriptions(value: Any) -> Any:
    """Return a JSON schema without its descriptions, which each service words on its own."""
    if isinstance(value, dict):
        return {
            key: without_descriptions(each)
            for key, each in value.items()
            if key != "description" or not isinstance(each, str)
        }
    if isinstance(value, list):
        return [without_descriptions(each) for each in value]
    return value
