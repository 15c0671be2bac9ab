"""Entity tags of responses, and the header If-None-Match (RFC 9110, 8.8.3, 13.1.2)."""

import xxhash


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
