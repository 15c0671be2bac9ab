"""strip_credentials: what it removes from URLs for logs."""

import pytest

from glimpse.upstream.urls import strip_credentials


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://user:secret@host:1/path?token=secret#secret", "http://host:1/path"),
        ("redis://:secret@host?password=secret", "redis://host"),
        ("http://secret@[::1]:5000/v3", "http://[::1]:5000/v3"),
        ("http://host:port-secret/", "a URL that cannot be read"),
        ("http://[secret", "a URL that cannot be read"),
        ("the address of the plugin", "the address of the plugin"),
        ("/v3/auth?token=secret#secret", "/v3/auth"),
        ("host/?token=secret", "host/"),
        ("host:5000/v3?token=secret", "host:5000/v3"),
        ("//user:secret@host/", "//host/"),
        ("//user:secret@host:1/v3?token=secret", "//host:1/v3"),
        ("user:secret@host/?token=secret", "a URL that cannot be read"),
        ("user:secret%40host", "a URL that cannot be read"),
        ("secret@host", "a URL that cannot be read"),
        ("1user:secret@host", "a URL that cannot be read"),
        ("http:///user:secret@host/", "a URL that cannot be read"),
        ("http:\\\\user:secret@host/", "a URL that cannot be read"),
        ("http://user:1/secret@host/", "a URL that cannot be read"),
        ("http://user:1secret@host/secret@host/", "a URL that cannot be read"),
        ("http://user%3a1/secret@host/", "a URL that cannot be read"),
        ("//user/secret@host/", "a URL that cannot be read"),
        ("https://h/a@b", "https://h/a@b"),
        ("https://secret@h/a%40b?token=secret", "https://h/a%40b"),
    ],
)
def test_no_secret_remains(url: str, expected: str) -> None:
    assert strip_credentials(url) == expected
