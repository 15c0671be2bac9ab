"""AddressRules: decide which IP addresses data may be downloaded from. Pure.

A URL that a user names must not reach what only this machine can reach (server-side request
forgery): its own services, its neighbours, or the metadata service of its cloud.
"""

from collections.abc import Iterable, Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IANA's special-purpose registries, where an address is not that of a server on the Internet. The
# attributes of `ipaddress`, such as is_global, differ between versions of Python.
_SPECIAL_IPV4 = tuple(
    IPv4Network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # the metadata and DNS service of Azure, which is not registered
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_SPECIAL_IPV6 = tuple(
    IPv6Network(text)
    for text in ("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20")  # Teredo: 2001::
)
# Prefixes after which an IPv4 address stands that a translator or tunnel sends the packet to, and
# the number of bits that follow it.
_EMBEDDINGS = (
    (IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped
    (IPv6Network("::ffff:0:0:0/96"), 0),  # IPv4-translated (RFC 2765)
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (IPv6Network("2002::/16"), 80),  # 6to4
)
_IPV4_MASK = 2**32 - 1


class AddressRules:
    """Allows addresses of servers on the Internet, and those in `allowed_networks`."""

    def __init__(self, allowed_networks: Iterable[Network]) -> None:
        self._allowed_networks = tuple(allowed_networks)

    def allows(self, address: Address) -> bool:
        """Return True if data may be downloaded from `address`.

        An IPv6 address with an IPv4 address in it (mapped, translated, NAT64 or 6to4) counts as
        public if that one is. It is also allowed if either of the two is in `allowed_networks`.
        """
        return _is_public(address) or any(
            each in network
            for each in _equivalents(address)
            for network in self._allowed_networks
            if each.version == network.version
        )


def parse_address(text: str) -> Address | None:
    """Parse an address in its usual notation; return None for any other text.

    IPv4 has four decimal numbers without leading zeros; IPv6 has no zone (``%eth0``).
    """
    try:
        return ip_address(text) if "%" not in text else None
    except ValueError:
        return None


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks in CIDR notation; a single address is a network of its own.

    Raises ValueError for a text that is neither; its message has the text.
    """
    return tuple(ip_network(text.strip(), strict=False) for text in texts)


def _is_public(address: Address) -> bool:
    """Return True for an address that a server on the Internet may have."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_IPV4)
    embedded = _embedded_ipv4(address)
    if embedded is not None:
        return _is_public(embedded)
    return address in _GLOBAL_UNICAST and not any(address in network for network in _SPECIAL_IPV6)


def _equivalents(address: Address) -> Iterator[Address]:
    """Yield the address, and the IPv4 address in it, if there is one."""
    yield address
    embedded = _embedded_ipv4(address) if isinstance(address, IPv6Address) else None
    if embedded is not None:
        yield embedded


def _embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address to which packets for an IPv6 address are translated, if any."""
    for network, bits_after in _EMBEDDINGS:
        if address in network:
            return IPv4Address(int(address) >> bits_after & _IPV4_MASK)
    return None
