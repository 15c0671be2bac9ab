"""strip_credentials: removes secrets from URLs, for logs and messages."""

from urllib.parse import SplitResult, unquote, urlsplit

_UNREADABLE = "a URL that cannot be read"


def strip_credentials(url: str) -> str:
    """Return the URL without user, password, query and fragment.

    Scheme and host become lower case; both may be missing. Returns ``a URL that cannot be read`` if
    a password may be left: if `url` cannot be parsed, or if a password may precede an ``@`` in its
    path, as in ``user:secret@host``.
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return _UNREADABLE
    if _may_have_password(parts):
        return _UNREADABLE
    scheme = f"{parts.scheme}:" if parts.scheme else ""
    if not parts.netloc:
        return scheme + parts.path
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{scheme}//{host}{port}{parts.path}"


def _may_have_password(parts: SplitResult) -> bool:
    """Return True if a password may precede an ``@`` in the path. The ``@`` may be quoted.

    If the URL has a scheme and a host, this is so if a colon is between ``://`` and the last ``@``:
    the password of ``http://user:pass/word@host`` has a ``/``, so it ends in the path. Any other
    URL, such as ``user@host``, needs no colon.
    """
    before, at, _ = unquote(parts.path).rpartition("@")
    if not at:
        return False
    return not parts.scheme or not parts.netloc or ":" in unquote(parts.netloc) + before
