"""Ids of requests: make a new id for each request, and read the id that the client sends."""

import os
import re
from collections.abc import Mapping

_REQUEST_ID = re.compile(
    rb"req-[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
)


def new_request_id() -> str:
    """Return ``req-`` and a random UUID (RFC 9562, version 4), faster than `uuid.uuid4`."""
    text = os.urandom(16).hex()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"req-{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


def global_request_id(headers: Mapping[bytes, bytes]) -> str | None:
    """Return the id that the client sent in ``X-Openstack-Request-Id``.

    Returns None if the header is missing or does not have the form ``req-<uuid>``. The names in
    `headers` are in lower case.
    """
    sent = headers.get(b"x-openstack-request-id", b"")
    return sent.decode() if _REQUEST_ID.fullmatch(sent) else None
