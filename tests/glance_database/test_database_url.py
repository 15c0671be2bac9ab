"""URLs of databases: the forms that glance-api.conf has."""

import pytest

from glimpse.glance_database.database_url import Host, InvalidDatabaseURL, parse_database_url


@pytest.mark.parametrize(
    ("scheme", "dialect", "port"),
    [
        ("mysql+pymysql", "mysql", 3306),
        ("mysql", "mysql", 3306),
        ("mariadb+pymysql", "mysql", 3306),
        ("postgresql+psycopg2", "postgresql", 5432),
        ("postgresql", "postgresql", 5432),
    ],
)
def test_the_scheme_names_the_dialect(scheme: str, dialect: str, port: int) -> None:
    url = parse_database_url(f"{scheme}://reader:secret@db/glance?charset=utf8")
    assert (url.dialect, url.user, url.password, url.database, url.options) == (
        *(dialect, "reader", "secret", "glance"),
        {},
    )
    assert url.hosts == (Host("db", port),)


def test_user_and_password_are_percent_decoded_and_not_printed() -> None:
    url = parse_database_url("mysql://us%40er:p%40ss%2F%3A@db/glance")
    assert (url.user, url.password) == ("us@er", "p@ss/:")
    assert "p@ss" not in repr(url)


@pytest.mark.parametrize("password", ["p/1", "#p", "p?x=1", "1/p@", "a:b", "[p", "p℀", "p;&+ é"])
def test_a_password_may_have_characters_that_other_urls_reserve(password: str) -> None:
    url = parse_database_url(f"mysql://u:{password}@db:3307/glance?ssl_ca=/a@b")
    assert (url.user, url.password, url.database) == ("u", password, "glance")
    assert (url.hosts, url.options) == ((Host("db", 3307),), {"ssl_ca": "/a@b"})


def test_a_url_may_have_no_user_and_an_at_sign_in_an_option() -> None:
    url = parse_database_url("mysql:///glance?unix_socket=/run/a@b")
    assert (url.user, url.database, url.options) == ("", "glance", {"unix_socket": "/run/a@b"})


def test_several_hosts_are_kept_in_their_order() -> None:
    url = parse_database_url("mysql://u:p@one:3307,two,[::1]:3308/glance")
    assert url.hosts == (Host("one", 3307), Host("two", 3306), Host("::1", 3308))


def test_a_host_is_printed_with_an_ipv6_address_in_brackets() -> None:
    url = parse_database_url("mysql://u:p@one,[::1]:3308/glance")
    assert [*map(str, url.hosts)] == ["one:3306", "[::1]:3308"]


def test_options_of_tls_and_of_the_socket_are_kept() -> None:
    url = parse_database_url("mysql://u@db/glance?ssl_ca=/ca.pem&charset=utf8&unix_socket=/s")
    assert url.options == {"ssl_ca": "/ca.pem", "unix_socket": "/s"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "glance",
        "sqlite:///glance.db",
        "mysql://u:secret@db",
        "mysql://u:secret@db/",
        "mysql://u:secret@db:none/glance",
        "mysql://u:secret@[::1/glance",
        "mysql://u:secret@db:99999/glance",
        "mysql://u:secret@db/glance?ssl_cipher=x",
        "mysql://u@db/glance?password=secret",
        "postgresql://u:secret@/glance?host=/run/postgresql",
        "postgresql://u:secret@db/glance?options=-csearch_path%3Dother",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_printing_its_password(text: str) -> None:
    with pytest.raises(InvalidDatabaseURL) as error:
        parse_database_url(text)
    assert "secret" not in str(error.value)
