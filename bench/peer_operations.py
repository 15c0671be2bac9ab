"""Operations of `make bench-peers`: requests to Glimpse, and equivalent ones to Glance."""

import uuid
from collections.abc import Callable, Mapping
from typing import NamedTuple

from bench.gateway_servers import Mode
from bench.measure import Client, http_request
from bench.servers import image_id

ALL = 1000  # images, and Glance's longest page
_JSON_PATCH = "application/openstack-images-v2.1-json-patch"

ClientAction = Callable[[Client, int], object]
"""Sends the requests of one operation; gets a client and its number."""

# The highest ratio of Glimpse's time to Glance's for one client, by the mode of the gateway.
BOUNDS: Mapping[Mode, Mapping[str, float]] = {
    "api": {
        "show": 1.15,
        "list 25": 1.15,
        "detail 25": 1.15,
        f"all of {ALL:,}": 1.05,
        f"limit={ALL}": 1.05,
        "metadata write": 1.10,
    },
    "database": {
        "show": 0.25,
        "list 25": 0.15,
        "detail 25": 0.15,
        f"all of {ALL:,}": 0.08,
        f"limit={ALL}": 0.08,
        "metadata write": 0.90,  # the PATCH alone takes 0.82 to 0.85 of the time of both
    },
}
# The lowest ratio of Glimpse's responses per second to Glance's for many clients.
RATE_BOUNDS: Mapping[Mode, Mapping[str, float]] = {
    "api": {},
    "database": {"show": 8.0, "list 25": 8.0},
}


class Operation(NamedTuple):
    """An operation of Glimpse, and the equivalent requests to Glance.

    A single client repeats it `times` times in a round, each of many clients `times_per_client`
    times.
    """

    glimpse: ClientAction
    glance: ClientAction
    times: int
    times_per_client: int


def operations(token: str) -> Mapping[str, Operation]:
    """Return the operations by their names, with a token for both servers."""

    def get(*paths: str) -> ClientAction:
        requests = [http_request(path, token) for path in paths]
        return lambda client, _: [client.fetch(request) for request in requests]

    image, few, all_images = image_id(0), "/v2/images?limit=25", f"/v2/images?limit={ALL}"
    detail, empty_page = "/v2.1/images/detail", f"{all_images}&marker={image_id(0)}"
    return {
        "show": Operation(get(f"/v2.1/images/{image}"), get(f"/v2/images/{image}"), 20, 10),
        "list 25": Operation(get("/v2.1/images?limit=25"), get(few), 10, 5),
        "detail 25": Operation(get(f"{detail}?limit=25"), get(few), 10, 5),
        # A client that wants all images also requests the page after a full one, here an empty one.
        # Six repetitions, because the time that Glance needs for a list varies by a tenth.
        f"all of {ALL:,}": Operation(get(detail), get(all_images, empty_page), 6, 1),
        f"limit={ALL}": Operation(get(f"{detail}?limit={ALL}"), get(all_images), 6, 0),
        "metadata write": Operation(_put(token), _get_and_patch(token), 10, 5),
    }


def _put(token: str) -> ClientAction:
    """Set a property through the Compute API; each client has an image of its own."""

    def action(client: Client, number: int) -> None:
        path = f"/v2.1/images/{image_id(number)}/metadata/colour"
        client.fetch(http_request(path, token, b'{"meta": {"colour": "%s"}}' % _colour(), "PUT"))

    return action


def _get_and_patch(token: str) -> ClientAction:
    """Set a property through the Image API, as its clients do: get the image, then patch it."""

    def action(client: Client, number: int) -> None:
        path = f"/v2/images/{image_id(number)}"
        client.fetch(http_request(path, token))
        patch = b'[{"op": "add", "path": "/colour", "value": "%s"}]' % _colour()
        client.fetch(http_request(path, token, patch, "PATCH", _JSON_PATCH))

    return action


def _colour() -> bytes:
    """Return a value that no image has."""
    return uuid.uuid4().hex.encode()
