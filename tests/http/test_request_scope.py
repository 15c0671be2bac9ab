"""The scope of a request after RequestMiddleware: headers, client and base URL."""

from typing import Any

import pytest

from glimpse.http.request_scope import extend_scope
from glimpse.http.service_urls import ServicePorts

PORTS = ServicePorts(8774)


def scope(*headers: tuple[bytes, bytes], **more: Any) -> dict[str, Any]:
    return {
        "scheme": "http",
        "headers": [(b"host", b"here:8774"), *headers],
        "client": ("192.0.2.1", 50000),
        "server": ("127.0.0.1", 8774),
        **more,
    }


def test_repeated_headers_are_joined_by_commas() -> None:
    found = scope((b"accept", b"text/html"), (b"accept", b"*/*"))
    assert extend_scope(found, PORTS, trust_proxy_headers=False)
    assert found["glimpse.headers"] == {b"host": b"here:8774", b"accept": b"text/html,*/*"}


@pytest.mark.parametrize("name", [b"x-auth-token", b"x-service-token", b"x-subject-token"])
def test_a_repeated_token_header_is_recognized(name: bytes) -> None:
    assert extend_scope(scope((name, b"a")), PORTS, trust_proxy_headers=False)
    assert not extend_scope(scope((name, b"a"), (name, b"a")), PORTS, trust_proxy_headers=False)


def test_headers_of_a_proxy_are_ignored_unless_they_are_trusted() -> None:
    sent = [
        (b"x-forwarded-host", b"cloud.example"),
        (b"x-forwarded-proto", b"https"),
        (b"x-forwarded-prefix", b"/compute"),
        (b"x-forwarded-for", b"192.0.2.9"),
    ]
    distrusted, trusted = scope(*sent), scope(*sent)
    extend_scope(distrusted, PORTS, trust_proxy_headers=False)
    extend_scope(trusted, PORTS, trust_proxy_headers=True)
    assert distrusted["glimpse.base_url"] == "http://here:8774"
    assert distrusted["glimpse.client"] == "192.0.2.1"
    assert trusted["glimpse.base_url"] == "https://cloud.example/compute"
    assert trusted["glimpse.client"] == "192.0.2.9"


@pytest.mark.parametrize(
    ("server", "url"),
    [
        (("127.0.0.1", 8774), "http://127.0.0.1:8774"),
        (("::1", 8774), "http://[::1]:8774"),
        (("/run/glimpse.sock", None), "http:///run/glimpse.sock"),
        (None, "http://localhost"),
    ],
)
def test_without_a_host_header_the_base_url_is_that_of_the_server(
    server: tuple[str, int | None] | None, url: str
) -> None:
    found = scope(headers=[], server=server)
    extend_scope(found, PORTS, trust_proxy_headers=False)
    assert found["glimpse.base_url"] == url


def test_a_client_that_the_server_does_not_name_is_a_dash() -> None:
    found = scope(client=None)
    extend_scope(found, PORTS, trust_proxy_headers=False)
    assert found["glimpse.client"] == "-"


def test_a_host_that_would_break_a_header_is_quoted_in_the_base_url() -> None:
    found = scope(headers=[(b"host", b'a"><b')])
    extend_scope(found, PORTS, trust_proxy_headers=False)
    assert found["glimpse.base_url"] == "http://a%22%3E%3Cb"
