import pytest

from glimpse.cli.local_url import local_url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8774"),
        ("0.0.0.0", "http://127.0.0.1:8774"),
        ("::", "http://[::1]:8774"),
        ("fd00::1", "http://[fd00::1]:8774"),
        ("compute.example", "http://compute.example:8774"),
    ],
)
def test_a_server_on_all_addresses_is_reached_at_the_loopback_address(host: str, url: str) -> None:
    assert local_url(host, 8774) == url
