"""Headers that announce the end of the Compute Images API and name the Image API. Pure."""

from urllib.parse import quote

from glimpse.http.responses import Header
from glimpse.telemetry.redaction import quote_url

# Compute deprecated these operations with microversion 2.36, in its Newton release: 2016-10-06.
_DEPRECATED_SINCE = b"@1475712000"


def deprecation_headers(image_service_url: str, image_id: str, sunset: str | None) -> list[Header]:
    """Return the headers Deprecation (RFC 9745), Link and, if `sunset` is set, Sunset.

    Deprecation has the date on which Compute deprecated its Images API. Link has the URL of
    ``/v2/images/{image_id}`` below `image_service_url`, percent-encoded. If `image_id` is "", the
    URL is that of ``/v2/images``. `sunset` is the HTTP date for the header Sunset (RFC 8594). If
    `sunset` is None or "", there is no such header.
    """
    successor = quote_url(image_service_url.rstrip("/")) + "/v2/images"
    if image_id:
        successor += "/" + _quote_segment(image_id)
    link = f'<{successor}>; rel="successor-version"'.encode("ascii")
    headers = [(b"deprecation", _DEPRECATED_SINCE), (b"link", link)]
    if sunset:
        headers.append((b"sunset", sunset.encode("latin-1")))
    return headers


def _quote_segment(text: str) -> str:
    """Percent-encode text for use as one segment of a path."""
    return text if text.isascii() and text.replace("-", "").isalnum() else quote(text, safe="")
