"""strip_credentials: removes secrets from URLs, for logs and messages."""

from urllib.parse import urlsplit


def strip_credentials(url: str) -> str:
    """Return the URL without user, password, query and fragment.

    A text without a scheme is returned unchanged. For a text that cannot be parsed, the result is
    ``a URL that cannot be read``, because a password may be anywhere in the text.
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "a URL that cannot be read"
    if not parts.scheme:
        return url
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{parts.scheme}://{host}{port}{parts.path}"
