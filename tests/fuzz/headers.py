"""Headers that a request may have besides those of its route: odd, but well-formed HTTP."""

from collections.abc import Callable

from tests.fuzz.cloud_state import CloudState
from tests.fuzz.random_source import RandomSource
from tests.fuzz.values import NUMBERS, canary, header_value, odd_text, text

Headers = list[tuple[str, str]]

_ACCEPTS = (
    *("*/*", "application/json", "text/html", "text/plain", "application/xml", "image/png", ""),
    *("application/json;q=0", "text/html;q=0.9,application/json;q=1.0", "*/*;q=nan", ";q=1", ","),
    *("application/json;version=2.1", "application/vnd.openstack.compute+json;version=2", "a/b/c"),
    *("application/*;q=inf", "application/json;q=1e999", "*", "text/*, */*;q=0.1", '"', "a;b;c=d"),
    *("application/json; q=-1", "application/json;q=.5;q=2", "application/atom+xml"),
)
CONTENT_TYPES = (
    *("application/json", "application/json; charset=utf-8", "application/json;charset=utf-16"),
    *("text/plain", "text/html", "application/xml", "application/octet-stream", "", ";", "json"),
    *("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/*"),
    *("application/openstack-images-v2.1-json-patch", "application/json-patch+json", "*/*", "/"),
    *("application/openstack-images-v2.0-json-patch", "APPLICATION/JSON", "application/json,a/b"),
    *("application/json; version=2.1", 'application/json; version="', "application/vnd.ms-excel"),
    *("application/openstack-images-v9.9-json-patch", "application/vnd.openstack.compute+json"),
)
_RANGES = (
    *("bytes=0-", "bytes=0-0", "bytes=-1", "bytes=5-2", "bytes=-0", "bytes=-", "bytes", "bytes="),
    *("bytes=0-0,2-3", "bytes=0-,0-,0-", "items=0-1", "bytes=a-b", "bytes=1-999999999999999999999"),
    *("bytes=" + "9" * 5000 + "-", "bytes=-" + "9" * 50, "bytes=--1", "bytes= 0 - 3 ", "0-3", ""),
    *("bytes=0-" + ",0-" * 1000, "bytes=9223372036854775807-", "BYTES=0-1", "bytes=0x0-0x1"),
)
_VERSIONS = (
    *("compute 2.1", "compute 2.35", "compute 2.36", "compute 2.90", "compute latest", "compute"),
    *("compute 3.0", "compute 2.1.1", "compute 02.01", "compute 2.", "compute -1", "image 2.1", ""),
    *("compute 2.1,compute 2.2", "volume 3.0, compute 2.38", "compute 2." + "9" * 5000, "2.1"),
    *("compute\t2.1", "compute 2.1 ", "Compute 2.1", "compute 2.999999999999", "compute NaN"),
)
_ADDRESSES = (
    *("127.0.0.1", "::1", "[::1]:80", "fe80::1%eth0", "fe80::1%\x9b31m", "1.2.3.4, 5.6.7.8", ","),
    *("unknown", "_hidden", '"[2001:db8::1]:4711"', "a b", "999.999.999.999", "", "127.0.0.1:http"),
    *("fe80::1%" + "z" * 300, "1.2.3.4\x85forged", "\xe2\x80\xa8"),
)
_FORWARDED = (
    *(
        "for=1.2.3.4;proto=https;host=a.example",
        'for="[::1]"',
        "for=",
        "=",
        ";;;",
        "proto=javascript",
    ),
    *('host="a.example/\\"x"', "for=1.2.3.4, for=5.6.7.8", "host=\x85\x9b", "by=x;for=\x9b31m"),
    *('for="fe80::1%\xc2\x85"', "proto=http;proto=https", "host=a.example%0d%0aSet-Cookie:x"),
)
_HOSTS = (
    *("a.example", "a.example:0", "a.example:99999", "[::1]", "127.0.0.1", "a.example\x85", "*"),
    *("a" * 300, "a.example/path", "a@b", "localhost:8774", "\xe4.example", "a,b", "%0d%0a", "x y"),
)


def _odd_value(rng: RandomSource) -> str:
    return header_value(odd_text(rng))[:6000]


def _many(rng: RandomSource, _: CloudState) -> Headers:
    return [(f"X-Many-{n}", text(rng, 0)) for n in range(rng.pick((10, 50, 90)))]


def _large(rng: RandomSource, _: CloudState) -> Headers:
    return [("X-Large", "x" * rng.pick((4000, 20_000, 60_000)))]


def _upgrade(rng: RandomSource, _: CloudState) -> Headers:
    protocol = rng.pick(("h2c", "websocket", "TLS/1.0", "h2c, websocket", ""))
    return [
        ("Connection", rng.pick(("Upgrade", "Upgrade, HTTP2-Settings", "keep-alive, Upgrade"))),
        ("Upgrade", protocol),
        ("HTTP2-Settings", "AAMAAABkAAQCAAAAAAIAAAAA"),
    ]


def _identity_headers(rng: RandomSource, state: CloudState) -> Headers:
    """Return headers of keystonemiddleware, with which a client pretends to be authenticated."""
    name = rng.pick(("X-Roles", "X-Project-Id", "X-Tenant-Id", "X-User-Id", "X-Identity-Status"))
    value = rng.pick(("admin", "Confirmed", state.projects["admin"], "True"))
    return [(name, value), ("X-Is-Admin-Project", "True")]


def _secret_headers(rng: RandomSource, _: CloudState) -> Headers:
    name = rng.pick(("Authorization", "Cookie", "Proxy-Authorization", "X-Storage-Token"))
    return [(name, f"{rng.pick(('Bearer ', 'Basic ', 'a=', ''))}{canary(rng)}")]


def _one(name: str, values: tuple[str, ...]) -> Callable[[RandomSource, CloudState], Headers]:
    allowed = tuple("".join(each for each in value if each >= " ") for value in values)
    return lambda rng, _: [(name, rng.pick(allowed) if rng.chance(0.85) else _odd_value(rng))]


EXTRAS: dict[Callable[[RandomSource, CloudState], Headers], float] = {
    _one("Accept", _ACCEPTS): 6,
    _one("Range", _RANGES): 2,
    _one("OpenStack-API-Version", _VERSIONS): 3,
    _one("X-OpenStack-Nova-API-Version", ("2.1", "2.36", "latest", *NUMBERS)): 2,
    _one("X-Forwarded-For", _ADDRESSES): 2,
    _one("X-Forwarded-Host", _HOSTS): 1,
    _one("Host", _HOSTS): 0.5,
    _one("X-Forwarded-Proto", ("https", "http", "javascript", "\x85", "a b", "")): 1,
    _one("X-Forwarded-Prefix", ("/a", "//evil.example", "a/", "/\x9b31m", "/..", "?")): 1,
    _one("Forwarded", _FORWARDED): 2,
    _one("X-OpenStack-Request-ID", ("req-1", "req-" + "0" * 32, "\x85", "x" * 5000)): 1,
    _one("Origin", ("http://a.example", "null", "\x85", "http://\xe4")): 1,
    _one("If-Modified-Since", ("Thu, 01 Jan 1970 00:00:00 GMT", "0", "\x85")): 0.5,
    _one("Content-Encoding", ("gzip", "identity", "br, gzip", "\x85")): 0.5,
    _one("Accept-Encoding", ("gzip", "*;q=0", "identity;q=0", "\x85")): 0.5,
    _one("Accept-Language", ("de", "*", "\x85", "x" * 3000)): 0.3,
    _one("Connection", ("close", "keep-alive", "Keep-Alive, TE", "X-Auth-Token", "")): 0.5,
    _one("Expect", ("100-continue", "100-Continue", "nothing")): 0.5,
    _one("TE", ("trailers", "deflate;q=0.5")): 0.3,
    _one("X-HTTP-Method-Override", ("DELETE", "PATCH", "\x85")): 0.3,
    _one("x-openstack-image-size", NUMBERS): 0.3,
    _one("OpenStack-System-Scope", ("all", "\x85")): 0.3,
    _one("Max-Forwards", ("0", "-1")): 0.2,
    _one("User-Agent", ("curl/8", "\x9b31m", "%s%n", "a" * 3000)): 0.5,
    lambda rng, state: [
        ("If-None-Match", rng.pick([*state.etags, "*", '"', "W/", ",,,", "W/*"]))
    ]: 2,
    lambda rng, state: [("If-Match", rng.pick([*state.etags, "*", '"']))]: 0.5,
    lambda rng, state: [("X-Service-Token", rng.pick([state.tokens["admin"], canary(rng), ""]))]: 1,
    lambda rng, state: [("X-Subject-Token", rng.pick([*state.extra_tokens, canary(rng)]))]: 1,
    _identity_headers: 1,
    _secret_headers: 1,
    _upgrade: 1,
    _many: 0.3,
    _large: 0.1,
    lambda rng, _: [(f"X-Odd-{rng.hexadecimal(2)}", _odd_value(rng))]: 1,
}
