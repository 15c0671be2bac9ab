"""URLs are parsed strictly, and allowed or refused by scheme, host and port."""

from typing import Any

import pytest

from glimpse.embedded.imports.download_url import InvalidUrl, UrlRules, parse_url


def rules(**changes: Any) -> UrlRules:
    options: dict[str, Any] = {
        "allowed_schemes": ("http", "https"),
        "disallowed_schemes": (),
        "allowed_hosts": (),
        "disallowed_hosts": (),
        "allowed_ports": (80, 443),
        "disallowed_ports": (),
    }
    return UrlRules(**options | changes)


@pytest.mark.parametrize(
    ("text", "scheme", "authority", "target"),
    [
        ("http://example.org", "http", "example.org", "/"),
        ("HTTPS://Example.ORG:443/a?b=c#d", "https", "example.org", "/a?b=c"),
        ("http://example.org.:8080/%20ä", "http", "example.org:8080", "/%20%C3%A4"),
        ("http://bücher.example/", "http", "xn--bcher-kva.example", "/"),
        ("http://8.8.8.8:443/", "http", "8.8.8.8:443", "/"),
        ("https://[2606:4700:4700::1111]/x", "https", "[2606:4700:4700::1111]", "/x"),
        ("https://[::FFFF:8.8.8.8]:444/", "https", "[::ffff:808:808]:444", "/"),
        ("http://a_b-c.example?x=y", "http", "a_b-c.example", "/?x=y"),
        ("http://1.example/", "http", "1.example", "/"),
    ],
)
def test_a_url_of_http_is_parsed(text: str, scheme: str, authority: str, target: str) -> None:
    url = parse_url(text)
    assert (url.scheme, url.authority, url.target) == (scheme, authority, target)


@pytest.mark.parametrize(
    "text",
    [
        *("", "nothing", "//example.org/", "http:", "http://", "http:///x", "http:example.org"),
        *("ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "jar:http://a/"),
        *("http://user@example.org/", "http://u:p@example.org/", "http://@example.org/"),
        *("http://8.8.8.8@127.0.0.1/", "http://example.org:80@127.0.0.1/", "http://a\\@b/"),
        *("http://2130706433/", "http://0x7f000001/", "http://0X7F000001/", "http://017700000001/"),
        *("http://127.1/", "http://127.0x0.0.1/", "http://0x7f.0.0.1/", "http://127.0.0.1./"),
        *("http://127.0.0.01/", "http://0177.0.0.1/", "http://127.0.0.0x1/", "http://0x/"),
        *("http://127。0。0。1/", "http://①②⑦.0.0.1/", "http://\uff11\uff12\uff17.0.0.1/"),
        *("http://[::1%25lo]/", "http://[fe80::1%lo]/", "http://[127.0.0.1]/", "http://[::1/"),
        *("http://a[::1]/", "http://[::1]a/", "http://[::1]a:80/", "http://[::1]]/"),
        *("http://[v1.x]/", "http://::1/", "http://a..b/", "http://.a/", "http://a b/"),
        *("http://example.org:0/", "http://example.org:65536/", "http://example.org:x/"),
        *("http://example.org:-1/", "http://example.org\t/", "http://example.org/\r\nX: y"),
        *(
            "http://example.org/\0",
            " http://example.org/",
            "http://exam%70le.org/",
            "http://é\ud800/",
            "http://example.org/\ud800",
            "http://example.org/?\udfff",
        ),
        *(f"http://{'a' * 64}.org/", f"http://{'a.' * 127}org/", f"http://a/{'x' * 8192}"),
    ],
    ids=lambda text: ascii(text)[:50],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InvalidUrl):
        parse_url(text)


def test_a_redirect_is_relative_to_the_url_before_it() -> None:
    url = parse_url("http://example.org:8080/a/b?c")
    assert url.join("d").target == "/a/d"
    assert url.join("/d?e") == parse_url("http://example.org:8080/d?e")
    assert url.join("//other.example/x").authority == "other.example"
    assert url.join("https://other.example/x").is_tls
    for refused in ("ftp://x/", "http://u@x/", "http://0x7f000001/", "http://[", "x" * 8193, "\0"):
        with pytest.raises(InvalidUrl):
            url.join(refused)


def test_a_printed_url_has_no_query() -> None:
    url = parse_url("https://example.org/a?signature=secret")
    assert repr(url) == f"{url}" == "https://example.org/a"


@pytest.mark.parametrize(
    ("text", "changes", "refused"),
    [
        ("http://example.org/", {}, None),
        ("https://example.org/", {"allowed_schemes": ("http",)}, "scheme"),
        ("https://example.org/", {"allowed_schemes": ()}, None),
        ("https://a.org/", {"allowed_schemes": (), "disallowed_schemes": ("https",)}, "scheme"),
        ("https://example.org/", {"disallowed_schemes": ("https",)}, None),
        ("http://example.org:8080/", {}, "port"),
        ("http://example.org:8080/", {"allowed_ports": (8080,)}, None),
        ("http://example.org/", {"allowed_ports": (8080,)}, "port"),
        ("http://example.org:8080/", {"allowed_ports": ()}, None),
        ("http://a.org:22/", {"allowed_ports": (), "disallowed_ports": (22,)}, "port"),
        ("http://example.org:80/", {"disallowed_ports": (80,)}, None),
        ("http://example.org/", {"allowed_hosts": ("example.org",)}, None),
        ("http://EXAMPLE.org./", {"allowed_hosts": ("example.org",)}, None),
        ("http://www.example.org/", {"allowed_hosts": ("example.org",)}, "host"),
        ("http://EXAMPLE.org./", {"disallowed_hosts": ("example.org",)}, "host"),
        ("http://a/", {"allowed_hosts": ("a",), "disallowed_hosts": ("a",)}, None),
        ("http://[::ffff:8.8.8.8]/", {"disallowed_hosts": ("::ffff:808:808",)}, "host"),
    ],
)
def test_options_of_schemes_hosts_and_ports_are_those_of_glance(
    text: str, changes: dict[str, Any], refused: str | None
) -> None:
    message = f"its {refused} is not allowed" if refused else None
    assert rules(**changes).refusal(parse_url(text)) == message
