"""The ports of the APIs: which are used, and that no two APIs have the same."""

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

_NAMES = ("port", "image_port", "identity_port")


def drop_unused_ports(
    server: MutableMapping[str, Any], image_service: str, strategy: str
) -> Iterator[str]:
    """Set the port of each API that is not served to None; yield a message for the operator.

    `image_service` and `strategy` are the values of the options image_service and auth_strategy:
    the Image API and the Identity API are served if they are ``embedded``.
    """
    for name, implementation, why in (
        ("image_port", image_service, "the Image API is Glance's"),
        ("identity_port", strategy, "there is no embedded Identity API"),
    ):
        if server[name] is not None and implementation != "embedded":
            server[name] = None
            yield f"[glimpse] {name} is set and has no effect here: {why}."


def used_ports(server: Mapping[str, Any]) -> dict[int, str]:
    """Return the ports of the APIs, and the name of the option that sets each.

    Raises ValueError if two APIs have the same port, or if the port of the Compute API is 0, which
    is any free one: then the service catalog could not name it.
    """
    found: dict[int, str] = {}
    for name in _NAMES:
        port = server[name]
        if port is None:
            continue
        if port in found:
            raise ValueError(
                f"[glimpse] {name} is {port}, which is also {found[port]}: each API needs a port "
                "of its own."
            )
        found[port] = name
    if 0 in found and len(found) > 1:
        raise ValueError("[glimpse] port is 0: with ports for other APIs, it has to be a number.")
    return found
