"""URLs as they may be shown."""

from urllib.parse import urlsplit


def strip_credentials(url: str) -> str:
    """The URL without what may be secret in it: user, password, and query."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "a URL that cannot be read"
    if not parts.scheme:
        return url
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{parts.scheme}://{host}{port}{parts.path}"
