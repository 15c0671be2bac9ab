"""ApiServers: the order in which servers are tried, and which URLs are accepted."""

import pytest

from glimpse.glance.api_servers import ApiServers, base_url, is_url


def test_servers_alternate_and_one_that_failed_is_last_during_its_backoff() -> None:
    now = 0.0
    servers = ApiServers(["http://a/v2/", "http://b/"], 10, clock=lambda: now)
    assert {servers.order()[0] for _ in range(4)} == {"http://a", "http://b"}
    servers.mark_failed("http://a")
    assert [servers.order() for _ in range(4)] == [["http://b", "http://a"]] * 4
    now = 10.0
    assert {servers.order()[0] for _ in range(4)} == {"http://a", "http://b"}
    servers.mark_failed("http://a")
    servers.mark_available("http://a")
    assert {servers.order()[0] for _ in range(4)} == {"http://a", "http://b"}


def test_public_url_is_the_first_without_user_and_password() -> None:
    servers = ApiServers(["http://user:secret@glance:9292/v2", "http://b"], 10)
    assert servers.public_url == "http://glance:9292"


def test_failure_is_reported_once_in_a_backoff() -> None:
    now = 0.0
    servers = ApiServers(["http://a"], 10.0, lambda: now)
    assert servers.mark_failed("http://a")
    now = 9.0
    assert not servers.mark_failed("http://a")
    now = 20.0
    assert servers.mark_failed("http://a")
    servers.mark_available("http://a")
    assert servers.mark_failed("http://a")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a/image/v2/", "http://a/image"),
        ("https://a:9292", "https://a:9292"),
        ("a:9292", "http://a:9292"),
    ],
)
def test_base_url_has_a_scheme_and_no_version(url: str, expected: str) -> None:
    assert base_url(url) == expected


@pytest.mark.parametrize("url", ["http://a", "https://a:1/image/v2", "a:9292", "http://[::1]:1"])
def test_url_of_glance_is_accepted(url: str) -> None:
    assert is_url(url)


@pytest.mark.parametrize(
    "url",
    [
        *("", "ftp://a", "http://", "http://a:0", "http://a b", "http://\xe9", "http://a\n"),
        *("http://[1", "http://a/" + 2000 * "x"),
    ],
)
def test_other_texts_are_refused(url: str) -> None:
    assert not is_url(url)
