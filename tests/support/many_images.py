"""A Glance with any number of images, of which it says page by page what it is asked for."""

import json
import threading
import uuid
from urllib.parse import parse_qs, urlsplit

from tests.support.fault_proxy import encode_response

_PATIENCE = 60.0  # seconds: only a test that fails waits for so long
_DATES = {"created_at": "2024-02-01T10:20:30Z", "updated_at": "2024-02-01T10:20:30Z"}
_ABOUT = {"status": "active", "visibility": "public", "owner": "1" * 32, **_DATES}


class ManyImages:
    """A Glance that has `count` images and gives at most `cap` of them a page.

    The last page is given when `last_page` is set; `asked` are the limits that it was asked for.
    """

    def __init__(self, count: int, cap: int = 1000) -> None:
        self._count = count
        self._cap = cap
        self.asked: list[int] = []
        self.last_page = threading.Event()

    def __call__(self, request: bytes) -> bytes:
        target = request.split(b" ", 2)[1].decode()
        if "/schemas/" in target:
            return encode_response(404, b"{}")
        query = parse_qs(urlsplit(target).query)
        self.asked.append(int(query["limit"][0]))
        start = uuid.UUID(query["marker"][0]).int if "marker" in query else 0
        end = min(self._count, start + self._cap, start + self.asked[-1])
        images = [self._image(number) for number in range(start + 1, end + 1)]
        response: dict[str, object] = {"images": images}
        if end < self._count:
            response["next"] = f"/v2/images?marker={images[-1]['id']}"
        else:
            assert self.last_page.wait(_PATIENCE), "nobody has read what there is"
        return encode_response(200, json.dumps(response).encode())

    @staticmethod
    def _image(number: int) -> dict[str, object]:
        properties = {f"key{place}": f"value of {number}" for place in range(10)}
        return {"id": str(uuid.UUID(int=number)), "name": "one of many", **_ABOUT, **properties}
