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

# Networks in IANA's special-purpose registries: no server on the Internet has an address in them.
# The attributes of `ipaddress`, such as is_global, are not used, because they differ between
# versions of Python.
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
# Networks whose IPv6 addresses contain an IPv4 address, to which a translator or tunnel sends the
# packets. The number says how many bits follow the IPv4 address.
_EMBEDDINGS = (
    (IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped
    (IPv6Network("::ffff:0:0:0/96"), 0),  # IPv4-translated (RFC 2765)
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (IPv6Network("2002::/16"), 80),  # 6to4
)
_IPV4_MASK = 2**32 - 1


class AddressRules:
    """Allows public addresses, and addresses in `allowed_networks`; allows no others."""

    def __init__(self, allowed_networks: Iterable[Network]) -> None:
        self._allowed_networks = tuple(allowed_networks)

    def allows(self, address: Address) -> bool:
        """Return True if data may be downloaded from `address`.

        An address is allowed if it is public, or in one of the `allowed_networks`. A public address
        is one that a server on the Internet may have.

        IPv4-mapped, IPv4-translated, NAT64 and 6to4 addresses are IPv6 addresses that contain an
        IPv4 address. Such an address is public if the IPv4 address is public. A network of IPv4
        addresses also has the IPv6 addresses that contain them: ``::ffff:10.0.0.1`` is in
        ``10.0.0.0/8``.
        """
        return _is_public(address) or any(
            each in network
            for each in _equivalents(address)
            for network in self._allowed_networks
            if each.version == network.version
        )


def parse_address(text: str) -> Address | None:
    """Return the IP address in `text`; None if `text` is no address in its usual notation.

    The usual notation of IPv4 has four decimal numbers without leading zeros. The usual notation of
    IPv6 has no zone (``%eth0``).
    """
    try:
        return ip_address(text) if "%" not in text else None
    except ValueError:
        return None


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks that `texts` have in CIDR notation, such as ``192.0.2.0/24``.

    A single address is a network with one address. Bits after the prefix are ignored:
    ``192.0.2.7/24`` is ``192.0.2.0/24``. White space around a text is ignored. Raises ValueError if
    a text is neither a network nor an address; the message of the error has the text.
    """
    return tuple(ip_network(text.strip(), strict=False) for text in texts)


def _is_public(address: Address) -> bool:
    """Return True for an address that a server on the Internet may have.

    Special-purpose addresses are not public: private, link-local, loopback and multicast addresses,
    for example. If an IPv6 address contains an IPv4 address, the result is that of the IPv4
    address.
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_IPV4)
    embedded = _embedded_ipv4(address)
    if embedded is not None:
        return _is_public(embedded)
    return address in _GLOBAL_UNICAST and not any(address in network for network in _SPECIAL_IPV6)


def _equivalents(address: Address) -> Iterator[Address]:
    """Yield the address, and then the IPv4 address that it contains, if any."""
    yield address
    embedded = _embedded_ipv4(address) if isinstance(address, IPv6Address) else None
    if embedded is not None:
        yield embedded


def _embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that the IPv6 address contains; None if it contains none.

    The address may be IPv4-mapped, IPv4-translated, NAT64 or 6to4.
    """
    for network, bits_after in _EMBEDDINGS:
        if address in network:
            return IPv4Address(int(address) >> bits_after & _IPV4_MASK)
    return None
