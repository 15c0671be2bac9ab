"""Requests and operations for tests that call handlers directly."""

from typing import Any

import orjson

from glimpse.compute.image_operations import ImageOperations
from glimpse.compute.links import LinkBases
from glimpse.compute.microversions import MINIMUM
from glimpse.compute.options import ComputeOptions
from glimpse.compute.policy import ComputePolicy
from glimpse.compute.request import Request
from glimpse.compute.responses import Response
from glimpse.images import Caller, ImageService
from glimpse.settings import load_settings
from tests.support.options import compute_options

BASE_URL = "http://c"
LINK_BASES = LinkBases(f"{BASE_URL}/v2.1", BASE_URL, f"{BASE_URL}/image")
OPTIONS = compute_options()


def make_request(
    caller: Caller,
    *,
    query_string: bytes = b"",
    body: Any = None,
    image_id: str = "",
    key: str = "",
    version_root: str = "/v2.1",
    options: ComputeOptions = OPTIONS,
) -> Request:
    """Return a request as the Compute API makes it. Its method is GET, which handlers ignore."""
    return Request(
        method="GET",
        headers={},
        query_string=query_string,
        body=body,
        caller=caller,
        base_url=BASE_URL,
        version_root=version_root,
        project_id="",
        resource_id=image_id,
        key=key,
        microversion=None if version_root == "/v2" else MINIMUM,
        link_bases=LINK_BASES,
        options=options,
    )


def make_operations(
    images: ImageService, *, metadata_items: int = load_settings().quota.metadata_items
) -> ImageOperations:
    """Return operations without policy rules."""
    return ImageOperations(images, metadata_items=metadata_items, policy=ComputePolicy(None))


async def read_document(response: Response) -> Any:
    """Return the parsed JSON body of a response, whole or streamed; None without a body."""
    body = response.body
    if body is None:
        return None
    return orjson.loads(
        body if isinstance(body, bytes) else b"".join([piece async for piece in body])
    )
