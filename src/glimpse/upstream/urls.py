"""strip_credentials: removes secrets from URLs, for logs and messages."""

from urllib.parse import SplitResult, unquote, urlsplit

_UNREADABLE = "a URL that cannot be read"


def strip_credentials(url: str) -> str:
    """Return the URL without user, password, query and fragment; scheme and host in lower case.

    The URL may lack a scheme or a host. Returns ``a URL that cannot be read`` for a text that
    cannot be parsed, because a password may be anywhere in the text. Also returns ``a URL that
    cannot be read`` if the path has an ``@`` that a password may precede, as in
    ``user:secret@host``.
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
    """Return True if a password may precede an ``@`` in the path; False without an ``@``.

    The ``@`` may be percent-encoded. In ``http://user:pass/word@host``, the password has a ``/``,
    so it ends in the path. Therefore a URL with a scheme and a host may have a password if a colon
    in the host, port or path precedes the ``@``. A URL without a scheme or without a host may have
    a password before any ``@``.
    """
    before, at, _ = unquote(parts.path).rpartition("@")
    if not at:
        return False
    return not parts.scheme or not parts.netloc or ":" in unquote(parts.netloc) + before
