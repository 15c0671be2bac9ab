"""The embedded Image API treats locations as a real Glance with one store of files does."""

from typing import Any

import pytest

from tests.peers.service_pair import ServicePair

pytestmark = pytest.mark.peers
PATCH = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
HASH = {"os_hash_algo": "sha512", "os_hash_value": "a" * 128}
URL = {"url": "http://127.0.0.1:1/x"}
BODIES: list[Any] = [
    URL,
    {"url": "file:///etc/passwd"},
    {"url": ""},
    {"url": 1},
    {"url": None},
    {},
    [],
    None,
    b"",
    b"{",
    {**URL, "more": 1},
    *(
        {**URL, "validation_data": data}
        for data in (
            {},
            None,
            HASH,
            {"os_hash_algo": "sha512"},
            {**HASH, "os_hash_algo": "md4"},
            {**HASH, "os_hash_value": "a" * 129},
            {**HASH, "os_hash_value": 1},
            {**HASH, "more": "x"},
        )
    ),
]


@pytest.fixture(scope="module")
def images(services: ServicePair) -> list[str]:
    """A queued image, one with data, and a queued one that other projects see."""
    formats = {"disk_format": "raw", "container_format": "bare"}
    queued, active = services.create(**formats), services.create(**formats)
    data = {"Content-Type": "application/octet-stream"}
    services.image("PUT", f"/v2/images/{active}/file", b"data", data).assert_alike()
    return [queued, active, services.create(visibility="community"), "nothing"]


@pytest.mark.parametrize("user", ["owner", "collector", None])
def test_locations_are_withheld_alike(
    services: ServicePair, images: list[str], user: str | None
) -> None:
    for image in images:
        services.image("GET", f"/v2/images/{image}/locations", user=user).assert_alike()


@pytest.mark.parametrize("body", BODIES, ids=lambda each: ascii(each)[:60])
@pytest.mark.parametrize("user", ["owner", "collector"])
def test_a_new_location_is_refused_alike(
    services: ServicePair, images: list[str], user: str, body: object
) -> None:
    for image in images:
        path = f"/v2/images/{image}/locations"
        sent = b"null" if body is None else body
        services.image("POST", path, sent, user=user).assert_alike()


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_are_alike(services: ServicePair, images: list[str], method: str) -> None:
    services.image(method, f"/v2/images/{images[0]}/locations").assert_alike()


@pytest.mark.parametrize("user", ["owner", "collector"])
@pytest.mark.parametrize(
    "path", ["/locations", "/locations/-", "/locations/0", "/locations/-1", "/locations/a/b"]
)
@pytest.mark.parametrize("op", ["add", "replace", "remove"])
def test_a_patch_of_locations_is_refused_alike(
    services: ServicePair, images: list[str], op: str, path: str, user: str
) -> None:
    location = {**URL, "metadata": {}}
    for value in ([], [location], location, "x"):
        change = {"op": op, "path": path, "value": value}
        target = f"/v2/images/{images[1]}"
        services.image("PATCH", target, [change], PATCH, user).assert_alike()


@pytest.mark.parametrize("value", [[], [{**URL, "metadata": {}}], "x", None])
def test_a_new_image_with_locations_is_refused_alike(services: ServicePair, value: object) -> None:
    services.image("POST", "/v2/images", {"locations": value}).assert_alike()
