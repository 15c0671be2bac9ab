"""Headers that announce the end of the Compute Images API, and name its successor. Pure."""

from urllib.parse import quote

from glimpse.http.responses import Header
from glimpse.telemetry.redaction import quote_url

# Compute deprecated these operations with microversion 2.36, in its Newton release: 2016-10-06.
_DEPRECATED_SINCE = b"@1475712000"


def deprecation_headers(image_service_url: str, image_id: str, sunset: str | None) -> list[Header]:
    """Return Deprecation (RFC 9745), a Link to the same images in the Image API, and Sunset.

    The link is to ``/v2/images`` below `image_service_url`, or to the image `image_id` there unless
    that is "". Sunset (RFC 8594) is the HTTP date `sunset`; without one the header is left out.
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
    """Percent-encode text for use as one segment of a path; a UUID stays as it is."""
    return text if text.isascii() and text.replace("-", "").isalnum() else quote(text, safe="")
