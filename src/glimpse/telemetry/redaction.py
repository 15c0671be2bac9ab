"""Redact and escape foreign text, for log lines, messages and headers.

Foreign text is text that clients, Keystone or Glance send: URLs, ids, names, texts of errors.
`redact` hides secrets in a text, `escape` makes a text one line, `sanitize` does both.
`redact_target` hides secrets in the path and query of a request.
"""

import re
from urllib.parse import quote, unquote

HIDDEN = "***"
MAX_SHOWN_LENGTH = 2048  # characters of a path, and of a query; enough to recognize a request
_MAX_DECODINGS = 5  # a text is percent-decoded so many times; if that is not enough, it is hidden

# Names of parameters and headers whose values are secrets.
_NAMES_OF_SECRETS = "token|pass|pwd|secret|auth|bearer|jwt|session|credential|signature|key"
_SECRET_NAME = re.compile(_NAMES_OF_SECRETS, re.IGNORECASE)
# The name of a secret and a value: "X-Auth-Token: x", {"password":"x"}, token=x within a value.
_SECRET_VALUE = re.compile(
    rf"(?:{_NAMES_OF_SECRETS})[^=:/]{{0,40}}[=:].|bearer[\s+]+[^\s+]", re.IGNORECASE | re.DOTALL
)
_SECRET_PARENTS = frozenset(
    ("token", "tokens", "password", "passwords", "passwd", "secret", "secrets")
)
# Tokens by their form: Keystone's Fernet tokens, JSON web tokens, and Glimpse's own tokens.
# The time of these patterns is proportional to the length of a text, because it may be very long.
_TOKEN = re.compile(r"gAAAA[\w=%-]*|(?<![\w-])(?:eyJ|WyI)[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?", re.ASCII)
_USERINFO = re.compile(r":[^/@:]*@|://[^/@]*@")
# A target with only harmless characters and without any of the words is shown unchanged, which
# saves time for most access lines. `in` takes a tenth of the time of a pattern of the words.
_HARMLESS_PATH = re.compile(r"[\w/.,~+-]*", re.ASCII)
_HARMLESS_QUERY = re.compile(r"[\w/.,~+=&-]*", re.ASCII)
_PATH_WORDS = ("token", "gaaaa", "eyj", "wyi", "pass", "secret")
_QUERY_WORDS = (
    *_PATH_WORDS,
    "pwd",
    "auth",
    "bearer",
    "jwt",
    "session",
    "credential",
    "signature",
    "key",
)
_LOGINS = frozenset(("/identity/v3/auth/tokens", "/v3/auth/tokens"))  # frequent; without secrets
_SEPARATORS = re.compile("([?&;#])")

# Secrets in free text: values after some names, and the users in URLs.
_VALUE = r"""(?:"[^"]*"|'[^']*'|[^\s,;&]+)"""
_IN_TEXT = re.compile(
    r"(?P<header>(?:x-(?:auth|subject|service)-token[\"']?\s{0,9}[=:]|\bbearer\s)\s{0,9})"
    + _VALUE
    + r"|(?P<password>(?:password|passwd|secret)[\"']?\s{0,9}[=:]\s{0,9})"
    + _VALUE
    + r"|(?P<scheme>://)[^/@\s]{0,512}@",
    re.IGNORECASE,
)


def escape(text: str) -> str:
    r"""Return `text` as one line: characters that are not printable become ``\n`` or ``\x9b``.

    The rule is that of `str.isprintable`. Not printable are, for example, control characters, line
    separators, formatting characters such as bidirectional overrides, lone surrogates, and spaces
    except U+0020. All other characters stay unchanged, also a backslash.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
        for each in text
    )


def redact(text: str) -> str:
    """Return free text, such as an error message, with ``***`` in place of secrets.

    Secrets are texts with the form of a token, users and passwords in URLs, the text after
    ``bearer``, and values of ``password``, ``passwd``, ``secret`` and the token headers, after
    ``:`` or ``=``. Secrets with other names stay. For URLs of requests, use `redact_target`, which
    hides more.
    """
    if _TOKEN.search(text):
        text = _TOKEN.sub(HIDDEN, text)
    return _IN_TEXT.sub(_hidden_in_text, text)


def _hidden_in_text(match: re.Match[str]) -> str:
    """Return the replacement of a secret in free text: the name of the secret, then ``***``.

    For the user of a URL, return ``://***@``.
    """
    if match["scheme"]:
        return f"://{HIDDEN}@"
    return (match["header"] or match["password"]) + HIDDEN


def sanitize(text: str) -> str:
    """Return a text redacted and escaped, for a log line or a message of one line."""
    return escape(redact(text))


def redact_target(path: str, query: str) -> str:
    """Return a request's path and query in ASCII, on one line, without secrets.

    The result is ``path?query``, or only the path if the query is empty. `path` and `query` are
    percent-encoded, as the client sent them. ``***`` replaces these secrets, also if the client
    has percent-encoded them more than once:

    - the path segment after ``token``, ``password``, ``secret`` (or their plural) and ``passwd``
    - values of parameters whose name contains a word such as ``token``, ``auth`` or ``key``
    - users and passwords of URLs
    - texts with the form of a token

    In doubt, a part is replaced. A path or query with more than 2,048 characters is cut, with
    ``...`` at the end. A double quote becomes ``%22``.
    """
    if len(path) > MAX_SHOWN_LENGTH:
        path = path[:MAX_SHOWN_LENGTH] + "..."
    if not _is_harmless(path, _HARMLESS_PATH, _PATH_WORDS) and path not in _LOGINS:
        path = _in_ascii(_redacted_path(path))
    if not query:
        return path
    if len(query) > MAX_SHOWN_LENGTH:
        query = query[:MAX_SHOWN_LENGTH] + "..."
    if not _is_harmless(query, _HARMLESS_QUERY, _QUERY_WORDS):
        query = _in_ascii(_redacted_parameters(query))
    return f"{path}?{query}"


def _is_harmless(text: str, harmless: re.Pattern[str], words: tuple[str, ...]) -> bool:
    """Return True if a text certainly has no secrets; False if it has to be examined.

    The result is True if the whole text matches `harmless`, and the text contains none of `words`.
    `words` are in lower case; the case of the text does not matter.
    """
    if not harmless.fullmatch(text):
        return False
    lower = text.lower()
    for word in words:  # noqa: SIM110  a generator takes longer than all of the rest
        if word in lower:
            return False
    return True


def _in_ascii(text: str) -> str:
    """Return a redacted text in ASCII, on one line; a double quote becomes ``%22``.

    A text with any other character than printable ASCII is encoded with ``unicode_escape``.
    """
    text = text.replace('"', "%22")  # a quote would end the target in an access line
    if text.isascii() and text.isprintable():
        return text
    return text.encode("unicode_escape").decode("ascii")


def _redacted_path(path: str) -> str:
    """Redact each segment of a percent-encoded path, with its parameters after ``;?#``.

    The segment after a name of secrets, such as ``tokens``, is hidden as a whole (see
    `_is_secret_parent`). If that segment is empty, ``.`` or ``..``, the next one is hidden instead.
    In a target that is a URL, the user before ``@`` is hidden.
    """
    redacted: list[str] = []
    hide_next = False
    previous = before_that = ""
    for segment in path.split("/"):
        if not segment:
            redacted.append(segment)
            before_that, previous = previous, segment
            continue
        plain, shown = _decoded(segment).strip(), segment
        if hide_next and plain not in ("", ".", ".."):
            redacted.append(HIDDEN)
            hide_next = False
        else:
            is_authority = not previous and before_that.endswith(":")
            if is_authority and "@" in segment:  # http://user@host/ as a target
                shown = HIDDEN + "@" + segment.rpartition("@")[2]
            redacted.append(_redacted_parameters(shown))
            hide_next = hide_next or _is_secret_parent(plain)
        before_that, previous = previous, plain
    return "/".join(redacted)


def _is_secret_parent(segment: str) -> bool:
    """Return True if the segment after `segment` is a secret (``tokens``, for example).

    `segment` is percent-decoded. The case of `segment`, and parameters after ``;``, do not matter.
    """
    name = segment.partition(";")[0].replace("\\", "/").rstrip("/ ").rpartition("/")[2]
    return name.strip().lower() in _SECRET_PARENTS


def _redacted_parameters(text: str) -> str:
    """Redact each parameter in `text`; keep the separators ``?``, ``&``, ``;`` and ``#``."""
    if text.isalnum() and "gAAAA" not in text:
        return text
    return "".join(
        each if place % 2 or not each else _redacted_parameter(each)
        for place, each in enumerate(_SEPARATORS.split(text))
    )


def _redacted_parameter(raw: str) -> str:
    """Redact a parameter ``name=value``, or a text without ``=``.

    A text without ``=`` is hidden if it contains a secret. A value is hidden if it contains a
    secret, or if its name contains a word such as ``token`` or ``key``. A name is hidden only if
    the name itself contains a secret.
    """
    name, equals, value = raw.partition("=")
    plain_name, plain_value = _decoded(name), _decoded(value)
    if not equals and _has_secret(plain_name):
        return HIDDEN
    if equals and _has_secret(plain_name + "="):
        name = HIDDEN
    if equals and (_SECRET_NAME.search(plain_name) or _has_secret(plain_value)):
        return name + equals + HIDDEN
    return name + equals + value


def _has_secret(text: str) -> bool:
    """Return True if `text`, a part of a URL that `_decoded` returned, may contain a secret.

    Secrets are tokens, users of URLs, values (``password=x``) and path segments (``tokens/x``)
    after a name of secrets. ``%`` counts as a secret: `_decoded` returns it for a text that is
    encoded too many times.
    """
    if _TOKEN.search(text) or _USERINFO.search(text) or "%" in text:
        return True
    if _SECRET_VALUE.search(text):
        return True
    text = text.replace("\\", "/")
    return "/" in text and any(
        _is_secret_parent(parent) for parent in text.rstrip("/").split("/")[:-1]
    )


def _decoded(text: str) -> str:
    """Return `text`, percent-decoded again and again until nothing is encoded.

    Returns the text ``%`` if 5 decodings are not enough. No other result contains a ``%``: a ``%``
    that encodes nothing becomes a space.
    """
    if "%" not in text:
        return text
    for _ in range(_MAX_DECODINGS):
        decoded = unquote(text, errors="replace")
        if decoded == text:
            return text.replace("%", " ")  # this % encodes nothing
        text = decoded
    return "%" if "%" in text else text


def header_value(text: str) -> str:
    r"""Return `text` as a header value: escape what is not printable ASCII; do not redact it.

    Example: ``ä`` -> ``\xe4``.
    """
    return escape(text).encode("ascii", "backslashreplace").decode("ascii")


def quote_url(url: str) -> str:
    """Return `url`; percent-encode characters that are invalid in URLs, such as spaces and LF.

    If there are no such characters, `url` is returned unchanged. Otherwise valid punctuation such
    as ``+`` and ``#`` is encoded, too. ``%`` is never encoded, so that nothing is encoded twice.
    """
    return url if _PLAIN_URL.fullmatch(url) else quote(url, safe="/:@[]?&=%", errors="replace")


_PLAIN_URL = re.compile(r"[!#-;=?-\[\]-~]*")  # printable ASCII except space, ", <, > and backslash
