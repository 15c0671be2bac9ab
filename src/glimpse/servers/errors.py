"""Errors that a ServerService raises. The messages are Compute's, and clients see them.

ServerError
├── ServerNotFound        no such server, or the caller may not see it
├── FlavorNotFound        no such flavor
├── ServerMarkerNotFound  no server has the marker as its id
├── BaseImageNotFound     the image of a new server does not exist, or the caller may not see it
├── BaseImageNotActive    the image of a new server is not active
├── WrongState            the state of the server does not allow the action
├── TooManyServers        the project may not have more servers
└── NotImplementedHere    the embedded service does not offer an operation of Compute
"""


class ServerError(Exception):
    """Base of all errors of servers. The message is shown to clients."""


class ServerNotFound(ServerError):
    """No server has the id, or the caller may not see the server."""

    def __init__(self, server_id: str) -> None:
        super().__init__(f"Instance {server_id} could not be found.")


class FlavorNotFound(ServerError):
    """No flavor has the id."""

    def __init__(self, flavor_id: str) -> None:
        super().__init__(f"Flavor {flavor_id} could not be found.")


class ServerMarkerNotFound(ServerError):
    """No server has the marker as its id, or the caller may not see the server."""

    def __init__(self, marker: str) -> None:
        super().__init__(f"marker [{marker}] not found")


class BaseImageNotFound(ServerError):
    """The image of a new server does not exist, or the caller may not see the image."""

    def __init__(self) -> None:
        super().__init__("Can not find requested image")


class BaseImageNotActive(ServerError):
    """The image of a new server is not active: it has no data yet, or is deactivated."""

    def __init__(self, image_id: str) -> None:
        super().__init__(f"Image {image_id} is not active.")


class WrongState(ServerError):
    """The server's state does not allow the action, such as ``createImage``.

    `attribute` is ``vm_state`` or ``task_state``. `state` is that attribute's value.
    """

    def __init__(self, server_id: str, action: str, attribute: str, state: str) -> None:
        super().__init__(
            f"Cannot '{action}' instance {server_id} while it is in {attribute} {state}"
        )


class TooManyServers(ServerError):
    """The project already has as many servers as a project may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"Quota exceeded for instances: Requested 1, but already used {limit} of {limit} "
            "instances"
        )


class NotImplementedHere(ServerError):
    """The embedded service does not offer an operation of Compute, which the message names."""
