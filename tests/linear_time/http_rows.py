# ruff: noqa: SLF001  regular expressions are private to their modules
"""Rows for the headers and chunks of requests, and for text in log lines."""

from glimpse.compute import content_negotiation
from glimpse.http import accept, cors, proxy_headers
from glimpse.server import body_decoding, request_head
from glimpse.telemetry import redaction
from tests.linear_time.row import Row, in_bytes, repeated

ACCEPT = repeated(
    "a/^b$!",
    "a/b;x=^y$!",
    ";x=",
    'a/b;x="^y$',
    "a/b^ $!",
    "a/b;q=1,",
    "a/b;q=^0$",
    'a/b;x="^\\a$',
    'a/b;x="^a"x="$!',
    '"',
    ',"',
    'a/b;q=1;x="^a";x="$',
    "a/b;q=1^ $;",
    ";q=1",
    '"^\\$',
)
LOGGED = repeated(
    *("a", ":", "://", "://a@", ":a", "@", "/", "/tokens/", "tokens/", "gAAAA", "eyJ"),
    *("eyJaaaaaaaa.", "eyJaaaaaaaa", "-eyJaaaaaaaa", "token", "token=", "token:", "key"),
    *("%", "%25", "%2Ftokens%2F", "x-auth-token:", "x-auth-token: "),
    *('password:"', "password:'", 'secret: "a', "secret:^a$ ", ";"),
    *("?", "&", "\n", "\x9b", "\u2028", 'password="^a$', "://^a$", "://^:$@", "://a:b@", "/tokens"),
)

HTTP_ROWS = {
    "accept": Row(lambda text: accept.best_offer(text, ("application/json",)), ACCEPT),
    "elements of accept": Row(accept._ELEMENT.findall, ACCEPT, "http.accept:_ELEMENT"),
    "pieces of a media range": Row(accept._PIECE.findall, ACCEPT, "http.accept:_PIECE"),
    "media range": Row(accept._WELL_FORMED.fullmatch, ACCEPT, "http.accept:_WELL_FORMED"),
    "negotiation": Row(
        lambda text: content_negotiation.preference(text, content_negotiation.JSON_TYPES), ACCEPT
    ),
    "version parameter": Row(content_negotiation.version_parameter, ACCEPT),
    "address": Row(
        lambda text: proxy_headers.client_address({b"x-forwarded-for": text.encode()}),
        repeated("1.", "[^:$", "[^1:$]", "[::1]:^1$", "1:^1$.", ":"),
        "http.proxy_headers:_ADDRESS",
    ),
    "headers of a preflight request": Row(
        in_bytes(cors._split), repeated("a", ",", "a,", " ,", " ")
    ),
    "request line": Row(
        in_bytes(request_head._REQUEST_LINE.match),
        repeated("A", "GET /^a$ HTTP/1.1", "GET ^a$", " ", "GET /^a$ HTTP/2.0\r\n"),
        "server.request_head:_REQUEST_LINE",
    ),
    "request line of another version": Row(
        in_bytes(request_head._OTHER_VERSION.match),
        repeated("A", "A ^a$", "A a HTTP/^1$", "A a HTTP/1.^1$", "A ^ HTTP/1$\r", "A^ a$"),
        "server.request_head:_OTHER_VERSION",
    ),
    "method": Row(
        in_bytes(request_head._METHOD.match), repeated("A", "^A$\n"), "server.request_head:_METHOD"
    ),
    "bytes of no head": Row(
        in_bytes(request_head._NEVER_VALID.search),
        repeated("a", "\r", "\r\n", "a\r"),
        "server.request_head:_NEVER_VALID",
    ),
    "head with an upgrade": Row(
        in_bytes(lambda head: request_head._UPGRADE.sub(b"", head)),
        repeated("\r\nupgrade:", "\r\nupgrade", "\r\nupgrade:^a$", "\r\n"),
        "server.request_head:_UPGRADE",
    ),
    "absolute-form": Row(
        in_bytes(request_head._ABSOLUTE_FORM.match),
        repeated("http://^a$", "http://", "http://^a$:"),
        "server.request_head:_ABSOLUTE_FORM",
    ),
    "host": Row(
        in_bytes(request_head._HOST.fullmatch),
        repeated("a", "[^:$]", "[::1%^a$]", "[::1%^a$", "%41", "%4", "a:^1$", "[::1%^%41$ ]"),
        "server.request_head:_HOST",
    ),
    "size of a chunk": Row(
        in_bytes(body_decoding._SIZE_LINE.match),
        repeated("1", "1^ $", " ", "1;^a$", "1;^a$\x01", "1^ $;"),
        "server.body_decoding:_SIZE_LINE",
    ),
    "trailer": Row(
        in_bytes(body_decoding._TRAILER.match),
        repeated("a", "a:^a$", "a:^a$\x01", "a:"),
        "server.body_decoding:_TRAILER",
    ),
    "target in a log line": Row(lambda text: redaction.redact_target(text, text), LOGGED),
    "message in a log line": Row(redaction.sanitize, LOGGED, "telemetry.redaction:_IN_TEXT"),
    **{
        f"redaction: {name}": Row(
            lambda text, name=name: getattr(redaction, name).sub("", text),  # type: ignore[misc]  # mypy does not infer a lambda's default
            LOGGED,
            f"telemetry.redaction:{name}",
        )
        for name in (
            *("_SECRET_NAME", "_SECRET_VALUE", "_TOKEN", "_USERINFO", "_SEPARATORS"),
            *("_HARMLESS_PATH", "_HARMLESS_QUERY", "_PLAIN_URL"),
        )
    },
    "host of a proxy": Row(
        proxy_headers._HOST.fullmatch,
        repeated("a", "[^:$", "[^:$]", "a:^1$", "a.", ":"),
        "http.proxy_headers:_HOST",
    ),
    "prefix of a proxy": Row(
        proxy_headers._PREFIX.fullmatch,
        repeated("/", "/a", "^/a$ ", "/^a$%", "/^%41$ ", "%41"),
        "http.proxy_headers:_PREFIX",
    ),
    "forwarded": Row(
        lambda text: proxy_headers.client_address({b"forwarded": text.encode()}),
        repeated("for=a;", ";", "="),
    ),
}
