"""strip_credentials: removes secrets from URLs, for logs and messages."""

from urllib.parse import unquote, urlsplit

_UNREADABLE = "a URL that cannot be read"


def strip_credentials(url: str) -> str:
    """Return the URL without user, password, query and fragment.

    The URL may lack a scheme or a host. For a text that cannot be parsed, the result is ``a URL
    that cannot be read``, because a password may be anywhere in the text. The result is the same if
    the path has an ``@``, because a password may precede the ``@``, as in ``user:secret@host``.
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return _UNREADABLE
    if "@" in unquote(parts.path):
        return _UNREADABLE
    scheme = f"{parts.scheme}:" if parts.scheme else ""
    if not parts.netloc:
        return scheme + parts.path
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{scheme}//{host}{port}{parts.path}"
