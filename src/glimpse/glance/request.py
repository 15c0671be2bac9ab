"""GlanceRequest: one request to Glance, before a server is chosen for it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import quote, urlencode

from glimpse.images.errors import ImageNotFound, Invalid
from glimpse.telemetry.request_context import NO_REQUEST, current_context

Parameters = Sequence[tuple[str, str]]
# Returns a sentence that explains a status code of 500 by the content of the request, or None if
# the request does not explain the 500.
Diagnosis = Callable[[], str | None]


class GlanceRequest(NamedTuple):
    """A request to any server of Glance. `target` is the URL-encoded path and query.

    `is_idempotent` is for writes: if true, sending the request twice has the same effect as sending
    it once (RFC 9110, section 9.2.2). A GET is always idempotent. `GlanceClient.send` raises
    TooLarge if the body of the response has more than `max_response_bytes`. If Glance responds 500,
    `send` calls `diagnosis`. If `diagnosis` returns a sentence, `send` raises Invalid with that
    sentence.
    """

    method: str
    target: str
    headers: dict[str, str]
    max_response_bytes: int
    body: bytes | None = None
    is_idempotent: bool = False
    diagnosis: Diagnosis = lambda: None

    def with_header(self, name: str, value: str) -> "GlanceRequest":
        """Return a copy of the request with the header `name`, which has the value `value`.

        The header replaces a header whose name has the same spelling, including case. The original
        request keeps its headers.
        """
        return self._replace(headers={**self.headers, name: value})


def image_path(image_id: str) -> str:
    """Return the URL-encoded path of an image, ``/v2/images/ID``.

    Raises ImageNotFound if `image_id` cannot be a part of a path: if it is empty, ``.`` or ``..``,
    or has a lone surrogate. Any other text is accepted.
    """
    try:
        quoted = quote(image_id, safe="")
    except UnicodeEncodeError:
        raise ImageNotFound(image_id) from None
    if quoted in ("", ".", ".."):
        raise ImageNotFound(image_id)
    return f"/v2/images/{quoted}"


def encode_target(path: str, parameters: Parameters) -> str:
    """Return the target of a request: ``PATH?QUERY``, or `path` if there are no parameters.

    `path` must be URL-encoded already. `parameters` are encoded here. Raises Invalid if a parameter
    has a lone surrogate, which UTF-8 cannot encode.
    """
    try:
        return f"{path}?{urlencode(parameters)}" if parameters else path
    except UnicodeEncodeError:
        raise Invalid("A filter is not valid Unicode text.") from None


def make_headers(token: str, content_type: str | None = None) -> dict[str, str]:
    """Return the headers of a request: the caller's token, ``Accept`` and ``Content-Type``.

    Without `content_type`, there is no ``Content-Type``. While a client's request is being served,
    X-Openstack-Request-Id is added, so that Glance logs the same request id. The value is the
    global request id if the client sent one, otherwise the id of the request being served.
    """
    headers = {"X-Auth-Token": token, "Accept": "application/json"}
    context = current_context.get()
    if context is not NO_REQUEST:
        headers["X-Openstack-Request-Id"] = context.global_id or context.request_id
    if content_type:
        headers["Content-Type"] = content_type
    return headers
