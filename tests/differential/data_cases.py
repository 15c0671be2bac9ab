"""Hand-written scenarios of the Image API: uploads, downloads, actions, deletions."""

from collections.abc import Iterator
from typing import Any

from tests.differential.api_request import ApiRequest, Scenario, image_call, numbered
from tests.differential.base_images import ABSENT_IMAGE, image_id
from tests.differential.image_requests import (
    DATA,
    IMAGE,
    create,
    delete,
    patch,
    replace,
    show,
    upload,
)

_RANGES = (
    *("bytes=0-1", "bytes=-3", "bytes=9-", "bytes=10-", "bytes=4-2", "bytes=0-0,2-2", "items=0-1"),
    *("bytes=", "bytes=a-b", "BYTES=0-1", "bytes=-0", "bytes=-99", "bytes 0-1/10", "bytes=0-99"),
)
_FORMATS: tuple[dict[str, Any], ...] = (
    *({"disk_format": None}, {"container_format": None}, {"disk_format": "qcow2"}),
    *({"disk_format": "vmdk"}, {"disk_format": "iso"}, {"container_format": "ovf"}),
)
_UPLOADS: tuple[dict[str, str], ...] = (
    *({"X-Image-Meta-Store": each} for each in ("store", "nowhere", "file", "STORE", "store,x")),
    *({"X-OpenStack-Image-Size": each} for each in ("10", "9", "x", "", "-1")),
    *({"Content-Type": each} for each in ("", "text/plain", f"{DATA}; x=y", DATA.upper())),
)


def data() -> Iterator[Scenario]:
    """Yield uploads and downloads, valid and refused ones."""
    ranges = [image_call("GET", f"{IMAGE}/file", headers={"Range": each}) for each in _RANGES]
    rows = [
        [create(), upload(), *ranges],
        *([create(), upload(headers=each), show()] for each in _UPLOADS),
        *([create(**each), upload(), show()] for each in _FORMATS),
        *_by_caller(),
        *_sequences(),
        *([each] for each in _of_absent_images()),
    ]
    yield from numbered("data", rows)


def _by_caller() -> Iterator[list[ApiRequest]]:
    """Yield what the owner may do with an image, by other callers."""
    for user in ("reader", "other", "admin", "none", "invalid", "unscoped:owner"):
        for visibility in ("shared", "community"):
            made = create(visibility=visibility)
            yield [made, upload(user=user), show()]
            actions = [
                image_call("POST", f"{IMAGE}/actions/{each}", None, user)
                for each in ("deactivate", "reactivate", "nothing")
            ]
            yield [made, upload(), image_call("GET", f"{IMAGE}/file", None, user), *actions]
            yield [made, delete(user)]
        yield [create(protected=True), delete(user)]
        yield [create(visibility="community", disk_format=None), upload(user=user), show()]
    for number in (4, 5, 6, 8, 9, 11):
        path = f"/images/{image_id(number)}/file"
        for kind in (DATA, "x/y"):
            yield [image_call("PUT", path, b"x", "owner", {"Content-Type": kind})]
        yield [image_call("GET", path)]


def _sequences() -> Iterator[list[ApiRequest]]:
    """Yield requests whose result depends on the image's status."""
    download = image_call("GET", f"{IMAGE}/file")
    deactivate = image_call("POST", f"{IMAGE}/actions/deactivate")
    reactivate = image_call("POST", f"{IMAGE}/actions/reactivate")
    yield [create(), deactivate]
    yield [create(), reactivate]
    yield [create(), upload(), deactivate, download, upload(), deactivate, reactivate, reactivate]
    yield [create(), upload(), deactivate, image_call("GET", f"{IMAGE}/file", None, "admin")]
    ranges = [
        image_call("GET", f"{IMAGE}/file", headers={"Range": each}) for each in ("x", "bytes=-3")
    ]
    yield [create(), download, *ranges, upload(b""), show()]
    chunks = {"Transfer-Encoding": "chunked"}
    yield [create(), upload(b"5\r\nworld\r\n0\r\n\r\n", headers=chunks), show(), download]
    yield [create(), upload(), upload(b"x"), show()]
    yield [create(), image_call("POST", f"{IMAGE}/actions/deactivate", b"{}")]
    yield [create(), image_call("DELETE", IMAGE, b"{}"), image_call("GET", IMAGE, b"{}")]
    yield [create(), delete(), upload(), show(), delete()]
    yield [create(protected=True), delete(), patch(replace("protected", value=False)), delete()]


def _of_absent_images() -> Iterator[ApiRequest]:
    """Yield requests for images that do not exist."""
    for user in ("owner", "reader", "none"):
        for image in (ABSENT_IMAGE, "nothing"):
            for method, rest in (
                *(("GET", ""), ("DELETE", ""), ("GET", "/file"), ("POST", "/actions/deactivate")),
                ("POST", "/actions/reactivate"),
            ):
                yield image_call(method, f"/images/{image}{rest}", None, user)
            for kind in (DATA, "x/y"):
                path = f"/images/{image}/file"
                yield image_call("PUT", path, b"x", user, {"Content-Type": kind})
