"""GlanceRequest: one request to Glance, before a server is chosen for it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import quote, urlencode

from glimpse.images.errors import ImageNotFound, Invalid
from glimpse.telemetry.request_context import NO_REQUEST, current_context

Parameters = Sequence[tuple[str, str]]
# Returns the sentence that explains a status code of 500 by the content of the request, or None if
# nothing in the request explains it.
Diagnosis = Callable[[], str | None]


class GlanceRequest(NamedTuple):
    """A request to any server of Glance. `target` is its quoted path and query.

    A response whose body has more than `max_response_bytes` raises TooLarge. `is_idempotent` is for
    writes: sent twice, the request has the effect of one (RFC 9110, section 9.2.2). A GET is always
    idempotent. `diagnosis` is called if Glance responds 500: the sentence that it returns, if any,
    becomes the text of Invalid.
    """

    method: str
    target: str
    headers: dict[str, str]
    max_response_bytes: int
    body: bytes | None = None
    is_idempotent: bool = False
    diagnosis: Diagnosis = lambda: None

    def with_header(self, name: str, value: str) -> "GlanceRequest":
        """Return a copy with this header; it replaces one whose name has the same spelling."""
        return self._replace(headers={**self.headers, name: value})


def image_path(image_id: str) -> str:
    """Return the quoted path of an image, ``/v2/images/ID``. Its id may be any text.

    Raises ImageNotFound for an id that no image can have, since it fits no path: empty, a dot or
    two, or with a lone surrogate.
    """
    try:
        quoted = quote(image_id, safe="")
    except UnicodeEncodeError:
        raise ImageNotFound(image_id) from None
    if quoted in ("", ".", ".."):
        raise ImageNotFound(image_id)
    return f"/v2/images/{quoted}"


def encode_target(path: str, parameters: Parameters) -> str:
    """Return a request's target, ``PATH?QUERY``, or `path` alone without parameters.

    `path` is quoted already, `parameters` are quoted here.

    Raises Invalid for a parameter with a lone surrogate, which has no encoding in UTF-8.
    """
    try:
        return f"{path}?{urlencode(parameters)}" if parameters else path
    except UnicodeEncodeError:
        raise Invalid("A filter is not valid Unicode text.") from None


def make_headers(token: str, content_type: str | None = None) -> dict[str, str]:
    """Return the headers of a request: the caller's token, and the type of the body, if any.

    JSON is accepted. If a request is being served, its id goes along in X-Openstack-Request-Id, so
    that Glance logs the same id: the global one if the client sent one.
    """
    headers = {"X-Auth-Token": token, "Accept": "application/json"}
    context = current_context.get()
    if context is not NO_REQUEST:
        headers["X-Openstack-Request-Id"] = context.global_id or context.request_id
    if content_type:
        headers["Content-Type"] = content_type
    return headers
