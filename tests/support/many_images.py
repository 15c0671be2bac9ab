"""ManyImages: a Glance with any number of images, which it lists page by page."""

import json
import threading
import uuid
from urllib.parse import parse_qs, urlsplit

from tests.support.http import encode_response

_LAST_PAGE_TIMEOUT = 60.0  # seconds; only a test that fails waits for so long
_DATES = {"created_at": "2024-02-01T10:20:30Z", "updated_at": "2024-02-01T10:20:30Z"}
_ATTRIBUTES = {"status": "active", "visibility": "public", "owner": "1" * 32, **_DATES}


class ManyImages:
    """A function that responds to requests as a Glance with `count` images does.

    A page has at most `cap` images. The last page is sent when the event `last_page` is set.
    `limits` are the limits of the requests so far.
    """

    def __init__(self, count: int, cap: int = 1000) -> None:
        self._count = count
        self._cap = cap
        self.limits: list[int] = []
        self.last_page = threading.Event()

    def __call__(self, request: bytes) -> bytes:
        target = request.split(b" ", 2)[1].decode()
        if "/schemas/" in target:
            return encode_response(404, b"{}")
        query = parse_qs(urlsplit(target).query)
        self.limits.append(int(query["limit"][0]))
        start = uuid.UUID(query["marker"][0]).int if "marker" in query else 0
        end = min(self._count, start + self._cap, start + self.limits[-1])
        images = [self._image(number) for number in range(start + 1, end + 1)]
        page: dict[str, object] = {"images": images}
        if end < self._count:
            page["next"] = f"/v2/images?marker={images[-1]['id']}"
        else:
            assert self.last_page.wait(_LAST_PAGE_TIMEOUT), "the test did not set last_page"
        return encode_response(200, json.dumps(page).encode())

    @staticmethod
    def _image(number: int) -> dict[str, object]:
        properties = {f"key{n}": f"value of {number}" for n in range(10)}
        image_id = str(uuid.UUID(int=number))
        return {"id": image_id, "name": "one of many", **_ATTRIBUTES, **properties}
