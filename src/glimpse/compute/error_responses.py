"""Error responses in the three formats of a deployed Compute API.

- Faults of operations are JSON.
- A 401 is the JSON of keystonemiddleware.
- A 404 for an unknown path and a 413 for a body that is too large are WebOb's HTML, JSON or text.
"""

import html

from glimpse.compute.faults import Fault, fault_document
from glimpse.compute.microversions import Microversion, microversion_headers
from glimpse.compute.responses import Response, plain_json, request_id_headers
from glimpse.http.accept import best_offer
from glimpse.http.cache_header_values import PRIVATE
from glimpse.telemetry.redaction import header_value

_NOT_FOUND = "The resource could not be found."
# The literal %s is the deployed API's own; clients have been seen to compare the text.
_TOO_LARGE = "Request is too large. Larger than max_request_body_size (%s)."


def fault_response(
    fault: Fault,
    microversion: Microversion | None,
    *,
    has_request_ids: bool = True,
    is_private: bool = True,
) -> Response:
    """Return the JSON response for a fault, with the fault's headers and its Retry-After.

    The response headers name the request's `microversion`, unless it is None.
    `has_request_ids` adds the request id headers, which a deployed Compute API omits for paths
    outside of its versions. `is_private` adds headers that forbid shared caches to store the
    response.
    """
    headers = [
        *microversion_headers(microversion),
        *fault.headers,
        *(PRIVATE if is_private else ()),
        (b"content-type", b"application/json; charset=UTF-8"),
        *(request_id_headers() if has_request_ids else ()),
    ]
    if fault.retry_after is not None:
        headers.append((b"retry-after", b"%d" % fault.retry_after))
    return Response(fault.status, plain_json(fault_document(fault)), headers)


def unauthorized_response(challenge: str) -> Response:
    """Return keystonemiddleware's 401 in JSON, with `challenge` as WWW-Authenticate.

    `Identity.challenge` makes `challenge`. The response also has the request ids, and headers that
    forbid shared caches to store the response.
    """
    document = {
        "error": {
            "code": 401,
            "title": "Unauthorized",
            "message": "The request you have made requires authentication.",
        }
    }
    headers = (
        (b"content-type", b"application/json"),
        (b"www-authenticate", header_value(challenge).encode()),
        *PRIVATE,
        *request_id_headers(),
    )
    return Response(401, plain_json(document), headers)


def route_not_found_response(method: str, accept: str) -> Response:
    """Return the 404 page for a method and path that no operation has.

    The page is HTML or JSON, as the Accept header `accept` prefers; plain text if `accept` allows
    neither or is "". If `method` is HEAD, the body is empty. The response also has the request ids,
    and headers that forbid shared caches to store the response.
    """
    return _page_response(404, "Not Found", _NOT_FOUND, method, accept)


def body_too_large_response(method: str, accept: str) -> Response:
    """Return the 413 page for a body above ``max_request_body_size``.

    The page is HTML or JSON, as the Accept header `accept` prefers; plain text if `accept` allows
    neither or is "". If `method` is HEAD, the body is empty. The response also has the request ids,
    and headers that forbid shared caches to store the response.
    """
    return _page_response(413, "Request Entity Too Large", _TOO_LARGE, method, accept)


def _page_response(status: int, title: str, text: str, method: str, accept: str) -> Response:
    """Return the error page that WebOb sends, byte for byte.

    The page is HTML or JSON, as the Accept header `accept` prefers. The page is HTML if `accept` is
    malformed, and plain text if `accept` is "" or allows neither type. The response to HEAD has no
    body, and the Content-Type of HTML. The response also has the request ids, and headers that
    forbid shared caches to store the response.
    """
    offer = best_offer(accept, ("text/html", "application/json"))
    if method == "HEAD":
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
    headers = ((b"content-type", content_type), *PRIVATE, *request_id_headers())
    return Response(status, body, headers)


def _html_page(status: int, title: str, text: str) -> bytes:
    return (
        f"<html>\n <head>\n  <title>{status} {title}</title>\n </head>\n <body>\n"
        f"  <h1>{status} {title}</h1>\n  {html.escape(text)}<br /><br />\n\n\n\n </body>\n</html>"
    ).encode()
