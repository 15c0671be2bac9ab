"""Data is downloaded from servers on the Internet, and from networks that are allowed."""

from ipaddress import ip_address

import pytest

from glimpse.embedded.imports.address_rules import AddressRules, parse_address, parse_networks

REFUSED = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1"),
    *("127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192"),
    *("192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
    *("224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
    *("::", "::1", "::7f00:1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1"),
    *("2001:db8::1", "2001::1", "2001:0:7f00:1::", "3fff::1", "5f00::1", "100::1", "4000::1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::"),
    *("2002:a9fe:a9fe::1", "2002:c0a8:101::1"),
)
ALLOWED = (
    *("8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.1", "100.128.0.1", "223.255.255.255"),
    *("2606:4700:4700::1111", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"),
    *("2002:808:808::1", "2a00::1"),
)


@pytest.mark.parametrize("text", REFUSED)
def test_addresses_that_are_not_on_the_internet_are_refused(text: str) -> None:
    assert not AddressRules(()).allows(ip_address(text))


@pytest.mark.parametrize("text", ALLOWED)
def test_addresses_on_the_internet_are_allowed(text: str) -> None:
    assert AddressRules(()).allows(ip_address(text))


def test_allowed_networks_are_allowed_in_every_notation_and_nothing_else() -> None:
    rules = AddressRules(parse_networks(("10.1.0.0/16", "127.0.0.1", "fd00:1::/32", " ::1 ")))
    for text in ("10.1.2.3", "127.0.0.1", "fd00:1::1", "::1", "::ffff:10.1.2.3", "2002:a01:203::"):
        assert rules.allows(ip_address(text)), text
    for text in ("10.2.0.1", "127.0.0.2", "fd00:2::1", "::2", "169.254.169.254", "64:ff9b::1"):
        assert not rules.allows(ip_address(text)), text


def test_what_is_no_network_is_an_error() -> None:
    with pytest.raises(ValueError, match="example"):
        parse_networks(("example.org",))


@pytest.mark.parametrize(
    "text", ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.01", "fe80::1%lo", "", "a.b"]
)
def test_unusual_notations_are_no_addresses(text: str) -> None:
    assert parse_address(text) is None
