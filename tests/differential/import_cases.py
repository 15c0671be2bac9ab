"""Hand-written scenarios of the Image API: staging, imports and locations."""

from collections.abc import Iterator
from typing import Any

from tests.differential.api_request import ApiRequest, Scenario, image_call, numbered
from tests.differential.base_images import ABSENT_IMAGE, image_id
from tests.differential.image_requests import DATA, IMAGE, create, delete, show, upload

_TASKS = image_call("GET", f"{IMAGE}/tasks")
_OLD_IMAGES = (ABSENT_IMAGE, image_id(8), image_id(0), image_id(5), image_id(4))


def _stage(body: bytes = b"0123456789", user: str = "owner", kind: str = DATA) -> ApiRequest:
    return image_call("PUT", f"{IMAGE}/stage", body, user, {"Content-Type": kind})


def _import(method: Any = "glance-direct", user: str = "owner", **more: Any) -> ApiRequest:
    return image_call("POST", f"{IMAGE}/import", {"method": {"name": method}, **more}, user)


def _fetch(uri: Any) -> ApiRequest:
    method = {"name": "web-download", "uri": uri}
    return image_call("POST", f"{IMAGE}/import", {"method": method})


def imports() -> Iterator[Scenario]:
    """Yield requests to import data that Glance refuses, or whose result is known at once."""
    yield from numbered("import", [*_staging(), *_refused(), *_of_other_images()])


def _staging() -> Iterator[list[ApiRequest]]:
    yield [create(), _stage(), show(), _TASKS]
    yield [create(), _stage(), _stage(), show()]
    yield [create(), _stage(), upload(), show()]
    yield [create(), upload(), _stage(), _import()]
    yield [create(), _import(), show(), _TASKS]
    yield [create(disk_format=None), _stage(), show()]
    yield [create(container_format=None), _stage(), _import(), show()]
    yield [create(), _stage(), delete()]
    yield [create(), _stage(kind="text/plain"), _stage(kind=""), show()]
    for user in ("reader", "other", "admin", "none"):
        yield [create(), _stage(user=user), show()]
        yield [create(), image_call("GET", f"{IMAGE}/tasks", None, user)]
    for user in ("reader", "other", "none"):
        yield [create(), _stage(), _import(user=user)]


def _refused() -> Iterator[list[ApiRequest]]:
    for method in ("x", "", None, 1, "web-download"):
        yield [create(), _stage(), _import(method)]
    more: tuple[dict[str, Any], ...] = (
        *({"stores": ["store", "nowhere"]}, {"stores": ["nowhere"]}, {"stores": "store"}),
        *({"stores": ["store"], "all_stores": True}, {"all_stores": "x"}),
        {"all_stores_must_succeed": "x"},
    )
    yield from ([create(), _stage(), _import(**each)] for each in more)
    bodies: tuple[Any, ...] = ({}, {"method": "glance-direct"}, {"method": {}}, [], b"", b"{")
    yield [create(), *(image_call("POST", f"{IMAGE}/import", each) for each in bodies)]
    for uri in ("", "x", None, 1, "ftp://a.example/x", "file:///etc/x"):
        yield [create(), _fetch(uri)]
    yield [create(), upload(), _fetch("http://a.example/x")]
    yield [create(disk_format=None), _fetch("http://a.example/x")]


def _of_other_images() -> Iterator[list[ApiRequest]]:
    for image in _OLD_IMAGES:
        method = {"method": {"name": "glance-direct"}}
        data = {"Content-Type": DATA}
        yield [image_call("PUT", f"/images/{image}/stage", b"x", "owner", data)]
        yield [image_call("POST", f"/images/{image}/import", method)]
        yield [image_call("GET", f"/images/{image}/tasks")]


_LOCATIONS: tuple[Any, ...] = (
    *({"url": "http://a.example/x"}, {"url": "file:///etc/x"}, {"url": 1}, {}, [], b"", b"{"),
    {"url": "http://a.example/x", "validation_data": {"os_hash_algo": "sha512"}},
    {"url": "http://a.example/x", "validation_data": {"checksum": "x"}},
)


def locations() -> Iterator[Scenario]:
    """Yield requests for the locations of images, which the default policy refuses mostly."""
    path = f"{IMAGE}/locations"
    rows: list[list[ApiRequest]] = [
        [
            create(),
            image_call("GET", path, None, user),
            upload(),
            image_call("GET", path, None, user),
        ]
        for user in ("owner", "reader", "other", "admin", "none")
    ]
    rows += [
        [create(), *(image_call("POST", path, each, user) for each in _LOCATIONS)]
        for user in ("owner", "reader", "other", "none")
    ]
    yield from numbered("location", rows)
