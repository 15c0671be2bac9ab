"""Handlers of single tags. A tag is added or removed atomically, and all others are kept."""

import orjson
from starlette.responses import Response

from glimpse.embedded.quotas import ImageQuotas
from glimpse.image_api.image_request import ImageRequest
from glimpse.image_api.validation import check_tags, unique_tags
from glimpse.images import Image
from glimpse.images.errors import Invalid, NotFound


class TagNotFound(NotFound):
    """The image does not have the tag."""

    def __init__(self, tag: str) -> None:
        super().__init__(f"The image has no tag {tag}.")


async def add_tag(request: ImageRequest) -> Response:
    """``PUT /v2/images/{image_id}/tags/{tag}``: 204, even if the image has the tag already.

    ``updated_at`` changes in either case. Raises Invalid for a tag that no image can have, and
    QuotaExceeded for too many tags. Raises ImageNotFound if there is no such image or the caller
    may not see the image. Raises Forbidden if the caller may not change the image. Raises
    Unavailable if the catalog cannot be written.
    """
    tag = _tag(request)
    _check_tag(tag)
    quotas = request.service.image_quotas
    await request.service.update_image(
        request.caller, request.image_id, lambda image: _with_tag(image, tag, quotas)
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
        request.caller, request.image_id, lambda image: _without_tag(image, tag)
    )
    return Response(status_code=204)


def _tag(request: ImageRequest) -> str:
    """Return the tag in the path, which may be any text without a slash."""
    text: str = request.http.path_params["tag"]
    return text


def _check_tag(tag: str) -> None:
    """Raise Invalid if no image can have `tag`, the tag in the path of a request.

    A tag has at most 255 characters, and no NUL character. A tag with U+FFFD raises Invalid, too:
    the HTTP server puts U+FFFD in place of bytes that are not UTF-8.
    """
    check_tags([tag])
    if "\ufffd" in tag:
        raise Invalid("The tag in the path is not valid UTF-8.")


def _with_tag(image: Image, tag: str, quotas: ImageQuotas) -> Image:
    """Return a copy of the image with `tag` added at the end of its tags.

    If the image has the tag already, the copy has the same tags. Upper and lower case differ.
    Raises QuotaExceeded if the copy would have more tags than `quotas` allow, even if no tag is
    added.
    """
    return _with_tags(image, unique_tags([*image.tags, tag], quotas))


def _without_tag(image: Image, tag: str) -> Image:
    """Return a copy of the image without the tag.

    Raises TagNotFound if the image does not have the tag.
    """
    tags = image.tags
    if tag not in tags:
        raise TagNotFound(tag)
    return _with_tags(image, tuple(each for each in tags if each != tag))


def _with_tags(image: Image, tags: tuple[str, ...]) -> Image:
    return image._replace(tags_json=orjson.dumps(tags).decode())
