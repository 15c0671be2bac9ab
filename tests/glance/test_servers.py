"""Which server is asked: turns, rests, and another try after the rest."""

from glimpse.glance.servers import Servers


def test_servers_take_turns_and_one_that_failed_rests() -> None:
    now = 0.0
    servers = Servers(["http://a/v2/", "http://b/"], 10, clock=lambda: now)
    assert servers.public_url == "http://a"
    assert {servers.order()[0] for _ in range(4)} == {"http://a", "http://b"}
    servers.mark_failed("http://a")
    assert [servers.order() for _ in range(4)] == [["http://b", "http://a"]] * 4
    now = 10.0
    assert {servers.order()[0] for _ in range(4)} == {"http://a", "http://b"}
    servers.mark_failed("http://a")
    servers.mark_available("http://a")
    assert {servers.order()[0] for _ in range(4)} == {"http://a", "http://b"}


def test_what_everybody_sees_of_a_server_has_no_password_in_it() -> None:
    assert Servers(["http://user:secret@glance:9292/v2"], 10).public_url == "http://glance:9292"


def test_that_a_server_fails_is_news_until_it_has_rested() -> None:
    now = 0.0
    servers = Servers(["http://a"], 10.0, lambda: now)
    assert servers.mark_failed("http://a")
    now = 9.0
    assert not servers.mark_failed("http://a")
    now = 20.0
    assert servers.mark_failed("http://a")
    servers.mark_available("http://a")
    assert servers.mark_failed("http://a")
