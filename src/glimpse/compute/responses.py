"""Answers: the headers and bodies around a document, a fault, or a path that leads nowhere."""

import functools
import html
import json

import xxhash
from starlette.types import Send

from glimpse.compute.faults import Fault
from glimpse.compute.microversions import Microversion
from glimpse.http.accept import best_offer
from glimpse.http.cache_headers import PRIVATE
from glimpse.telemetry.redaction import header_value
from glimpse.telemetry.request_context import current_request

Headers = list[tuple[bytes, bytes]]

_NOT_FOUND = "The resource could not be found."
# The literal %s is the deployed API's own; clients have been seen to compare the text.
_TOO_LARGE = "Request is too large. Larger than max_request_body_size (%s)."


@functools.lru_cache(maxsize=64)
def version_headers(version: Microversion | None) -> tuple[tuple[bytes, bytes], ...]:
    """The microversion answered, in both forms; none in the legacy API."""
    if version is None:
        return ()
    text = str(version).encode()
    return (
        (b"openstack-api-version", b"compute " + text),
        (b"x-openstack-nova-api-version", text),
        (b"vary", b"OpenStack-API-Version"),
        (b"vary", b"X-OpenStack-Nova-API-Version"),
    )


def request_id_headers() -> Headers:
    """The request id, under both of its names."""
    request_id = current_request.get().request_id.encode()
    return [(b"x-openstack-request-id", request_id), (b"x-compute-request-id", request_id)]


async def send_body(send: Send, status: int, headers: Headers, body: bytes, verb: str) -> None:
    """Send a whole answer; for HEAD, its headers."""
    headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if verb == "HEAD" else body})


async def send_fault(
    send: Send,
    fault: Fault,
    version: Microversion | None,
    *,
    ids: bool = True,
    private: bool = True,
) -> None:
    """Send a fault; `version` is the request's microversion, None in the legacy API.

    `ids` puts the request id into the headers: what is of no version has none. `private`: the
    response depends on the token, as all do but those of version discovery.
    """
    headers = [
        *version_headers(fault.version or version),
        *(PRIVATE if private else ()),
        (b"content-type", b"application/json; charset=UTF-8"),
        *(request_id_headers() if ids else ()),
    ]
    if fault.retry_after is not None:
        headers.append((b"retry-after", b"%d" % fault.retry_after))
    body = plain_json(fault.document())
    await send_body(send, fault.status, headers, body, "")


async def send_unauthorized(send: Send, challenge: str) -> None:
    """Send the 401 of keystonemiddleware; `challenge` is the WWW-Authenticate header."""
    body = plain_json(
        {
            "error": {
                "code": 401,
                "title": "Unauthorized",
                "message": "The request you have made requires authentication.",
            }
        }
    )
    headers = [
        (b"content-type", b"application/json"),
        (b"www-authenticate", header_value(challenge).encode()),
        *PRIVATE,
        *request_id_headers(),
    ]
    await send_body(send, 401, headers, body, "")


async def send_no_route(send: Send, verb: str, accept: str) -> None:
    """Send the 404 for a verb and path of no operation."""
    await _send_page(send, 404, "Not Found", _NOT_FOUND, verb, accept)


async def send_too_large(send: Send, verb: str, accept: str) -> None:
    """Send the 413 for a body above ``[oslo_middleware] max_request_body_size``."""
    await _send_page(send, 413, "Request Entity Too Large", _TOO_LARGE, verb, accept)


async def _send_page(
    send: Send, status: int, title: str, text: str, verb: str, accept: str
) -> None:
    """Send an error that is no fault: HTML, JSON or plain text as the client accepts (WebOb's)."""
    offer = best_offer(accept, ("text/html", "application/json"))
    if verb == "HEAD":
        content_type, body = b"text/html; charset=UTF-8", b""
    elif offer == "text/html":
        content_type, body = b"text/html; charset=UTF-8", _html_page(status, title, text)
    elif offer == "application/json":
        content_type = b"application/json"
        document = {
            "message": f"{text}<br /><br />\n\n\n",
            "code": f"{status} {title}",
            "title": title,
        }
        body = plain_json(document)
    else:
        content_type = b"text/plain; charset=UTF-8"
        body = f"{status} {title}\n\n{text}\n\n   ".encode()
    await send_body(
        send, status, [(b"content-type", content_type), *PRIVATE, *request_id_headers()], body, verb
    )


def _html_page(status: int, title: str, text: str) -> bytes:
    return (
        f"<html>\n <head>\n  <title>{status} {title}</title>\n </head>\n <body>\n"
        f"  <h1>{status} {title}</h1>\n  {html.escape(text)}<br /><br />\n\n\n\n </body>\n</html>"
    ).encode()


def plain_json(document: object) -> bytes:
    """JSON to the byte as a deployed Compute API writes it: spaces, and ASCII only.

    For the small documents, whose length clients may know. Any str goes, even no valid Unicode.
    """
    return json.dumps(document).encode()


def strong_etag(body: bytes) -> bytes:
    """A strong entity tag (RFC 9110, 8.8.3): equal bodies and only they have the same."""
    return b'"%s"' % xxhash.xxh3_128_hexdigest(body).encode()


def is_not_modified(if_none_match: bytes | None, etag: bytes) -> bool:
    """Whether ``If-None-Match`` names the tag. ``*`` names none: deployed Compute answers 200."""
    if not if_none_match:
        return False
    tags = (tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b","))
    return etag in tags
