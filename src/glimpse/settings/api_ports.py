"""Checks the ports of the APIs: drops unused ports, and rejects a port that two APIs have."""

from collections.abc import Mapping
from typing import Any

_NAMES = ("port", "image_port", "identity_port")


def drop_unused_ports(
    server: Mapping[str, Any], image_service: str, strategy: str
) -> tuple[dict[str, Any], list[str]]:
    """Return a copy of `server` in which ports that are not used are None, and messages.

    `server` has the options of [glimpse]. `image_service` and `strategy` are the values of the
    options image_service and auth_strategy. ``image_port`` is used if `image_service` is
    ``embedded``, ``identity_port`` if `strategy` is ``embedded``. There is a message for the
    operator for each port that is set and not used.
    """
    unused: dict[str, None] = {}
    messages = []
    for name, implementation, why in (
        ("image_port", image_service, "the Image API is Glance's"),
        ("identity_port", strategy, "there is no embedded Identity API"),
    ):
        if server[name] is not None and implementation != "embedded":
            unused[name] = None
            messages.append(f"[glimpse] {name} is set and has no effect here: {why}.")
    return {**server, **unused}, messages


def used_ports(server: Mapping[str, Any]) -> dict[int, str]:
    """Return the ports of the APIs, each with the name of the option that sets the port.

    `server` has the options of [glimpse]; an API whose port is None is left out. Raises ValueError
    if two APIs have the same port. Also raises ValueError if ``port`` is 0, which means any free
    port, and another API has a port of its own: the service catalog could not name the free port.
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
