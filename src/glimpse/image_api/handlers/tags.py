"""Handlers of single tags. A tag is added or removed atomically, and all others are kept."""

from starlette.responses import Response

from glimpse.image_api import tag_changes
from glimpse.image_api.image_request import ImageRequest


def _tag(request: ImageRequest) -> str:
    """Return the tag in the path, which may be any text without a slash."""
    text: str = request.http.path_params["tag"]
    return text


async def add_tag(request: ImageRequest) -> Response:
    """``PUT /v2/images/{image_id}/tags/{tag}``: 204, even if the image has the tag already.

    ``updated_at`` changes in either case. Raises Invalid for a tag that no image can have, and
    QuotaExceeded for too many tags. Raises ImageNotFound if there is no such image or the caller
    may not see the image. Raises Forbidden if the caller may not change the image. Raises
    Unavailable if the catalog cannot be written.
    """
    tag = _tag(request)
    tag_changes.check_tag(tag)
    quotas = request.service.image_quotas
    await request.service.update_image(
        request.caller, request.image_id, lambda image: tag_changes.with_tag(image, tag, quotas)
    )
    return Response(status_code=204)


async def remove_tag(request: ImageRequest) -> Response:
    """``DELETE /v2/images/{image_id}/tags/{tag}``: 204; remove a tag from an image.

    Raises TagNotFound if the image does not have the tag. Raises ImageNotFound if there is no such
    image or the caller may not see the image. Raises Forbidden if the caller may not change the
    image. Raises Unavailable if the catalog cannot be written.
    """
    tag = _tag(request)
    await request.service.update_image(
        request.caller, request.image_id, lambda image: tag_changes.without_tag(image, tag)
    )
    return Response(status_code=204)
