"""Entity tags of responses, If-None-Match and 304 (RFC 9110, 8.8.3, 13.1.2, 15.4.5)."""

import xxhash

from glimpse.compute.responses import Response


def with_entity_tag(response: Response, if_none_match: bytes | None) -> Response:
    """Return a new response with an ETag header; a 304 if the client has the same body.

    `if_none_match` is the value of the request's header, or None without this header. A 304 has the
    same headers and no body. A response that is streamed or has no body is returned unchanged.
    """
    if not isinstance(response.body, bytes):
        return response
    etag = strong_etag(response.body)
    headers = [*response.headers, (b"etag", etag)]
    if is_not_modified(if_none_match, etag):
        return Response(304, None, headers)
    return response._replace(headers=headers)


def strong_etag(body: bytes) -> bytes:
    """Return a strong entity tag (RFC 9110, 8.8.3) of a body: a quoted hash of all its bytes."""
    return b'"%s"' % xxhash.xxh3_128_hexdigest(body).encode()


def is_not_modified(if_none_match: bytes | None, etag: bytes) -> bool:
    """Return True if the header ``If-None-Match`` lists `etag`, with or without ``W/``.

    ``*`` does not match, because a deployed Compute API responds to it with 200. Returns False if
    `if_none_match` is None, which means that the request has no such header.
    """
    if not if_none_match:
        return False
    tags = (tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b","))
    return etag in tags
