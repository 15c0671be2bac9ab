"""The client's address and URL in proxy headers, and the values that are ignored."""

import pytest

from glimpse.http.proxy_headers import Origin, client_address, client_origin

ORIGIN = Origin("http", "localhost:8774")


@pytest.mark.parametrize(
    ("name", "value", "url"),
    [
        (b"x-forwarded-host", b"cloud.example", "http://cloud.example"),
        (b"x-forwarded-host", b"cloud.example:443, inner", "http://cloud.example:443"),
        (b"x-forwarded-host", b"[2001:db8::1]:8443", "http://[2001:db8::1]:8443"),
        (b"x-forwarded-host", b"192.0.2.1", "http://192.0.2.1"),
        (b"x-forwarded-proto", b"HTTPS", "https://localhost:8774"),
        (b"x-forwarded-prefix", b"/a/b%20c/", "http://localhost:8774/a/b%20c"),
        (b"forwarded", b'host="[::1]:80";proto=https', "https://[::1]:80"),
        (b"forwarded", b"host=cloud.example;proto=https", "https://cloud.example"),
    ],
)
def test_the_url_has_the_parts_that_proxy_headers_name(name: bytes, value: bytes, url: str) -> None:
    assert client_origin(ORIGIN, {name: value}).url == url


@pytest.mark.parametrize("name", [b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-prefix"])
@pytest.mark.parametrize(
    "value",
    [
        b"a b",
        b"a/../b",
        b"/a b",
        b"a@b",
        b"a\x85b",
        b"a\x9b31m",
        b"a<script>",
        b'a"b',
        b"a\tb",
        b"a\\b",
        b"a?b",
        b"a#b",
        b"javascript",
        b"//evil.example",
        b"/%zz",
        b"/a\xe9",
        b"/" + b"x" * 300,
        b"x" * 300,
        b"x:99999999",
        b"[::1",
        b"[::1%25zone]",
        b":80",
        b"\xff",
    ],
)
def test_a_value_that_is_no_part_of_a_url_is_ignored(name: bytes, value: bytes) -> None:
    origin = client_origin(ORIGIN, {name: value})
    if name == b"x-forwarded-host" and value == b"javascript":
        assert origin.url == "http://javascript", "a name like any other"
    else:
        assert origin == ORIGIN


@pytest.mark.parametrize(
    ("name", "value", "address"),
    [
        (b"x-forwarded-for", b"fe80::1%eth0", "fe80::1"),
        (b"x-forwarded-for", b'fe80::1%" status: 200\x1b[31m', "fe80::1"),
        (b"x-forwarded-for", b"fe80::1%\xc2\x85", "fe80::1"),
        (b"forwarded", b'for="[fe80::1%x]"', None),
        (b"forwarded", b"for=fe80::1%x y", "fe80::1"),
        (b"x-forwarded-for", b"1" * 60_000, None),
        (b"x-forwarded-for", b":" * 60_000, None),
    ],
)
def test_an_address_has_no_zone(name: bytes, value: bytes, address: str | None) -> None:
    assert client_address({name: value}) == address
