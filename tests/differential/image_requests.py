"""Requests that several scenarios of the Image API consist of."""

from collections.abc import Mapping
from typing import Any

from tests.differential.api_request import ApiRequest, image_call

PATCH = "application/openstack-images-v2.1-json-patch"
OLD_PATCH = "application/openstack-images-v2.0-json-patch"
DATA = "application/octet-stream"
IMAGE = "/images/<image>"


def create(**attributes: Any) -> ApiRequest:
    """Return a request that creates an image of the owner, with the placeholder ``<image>``."""
    document = {"disk_format": "raw", "container_format": "bare", **attributes}
    return image_call("POST", "/images", document, saves={"image": "id"})


def upload(
    data: bytes = b"0123456789", user: str = "owner", headers: Mapping[str, str] | None = None
) -> ApiRequest:
    """Return a request that uploads data to ``<image>``; `headers` can replace Content-Type."""
    sent = {"Content-Type": DATA, **(headers or {})}
    return image_call("PUT", f"{IMAGE}/file", data, user, sent)


def patch(*changes: Any, user: str = "owner", kind: str = PATCH) -> ApiRequest:
    """Return a PATCH of ``<image>``."""
    return image_call("PATCH", IMAGE, list(changes), user, {"Content-Type": kind})


def show(user: str = "owner") -> ApiRequest:
    """Return a GET of ``<image>``."""
    return image_call("GET", IMAGE, None, user)


def delete(user: str = "owner") -> ApiRequest:
    """Return a DELETE of ``<image>``."""
    return image_call("DELETE", IMAGE, None, user)


def replace(key: str, value: Any) -> dict[str, Any]:
    """Return an operation of a JSON patch."""
    return {"op": "replace", "path": f"/{key}", "value": value}
