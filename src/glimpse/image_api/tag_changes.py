"""Add a tag to an image, or remove one. Pure."""

import orjson

from glimpse.embedded.quotas import ImageQuotas
from glimpse.image_api.validation import check_tags, unique_tags
from glimpse.images import Image
from glimpse.images.errors import Invalid, NotFound


class TagNotFound(NotFound):
    """The image does not have the tag."""

    def __init__(self, tag: str) -> None:
        super().__init__(f"The image has no tag {tag}.")


def check_tag(tag: str) -> None:
    """Raise Invalid for a tag in a path that no image can have.

    A tag has at most 255 characters, and no NUL character. A tag with U+FFFD raises Invalid, too:
    the HTTP server puts U+FFFD in place of bytes that are not UTF-8.
    """
    check_tags([tag])
    if "\ufffd" in tag:
        raise Invalid("The tag in the path is not valid UTF-8.")


def with_tag(image: Image, tag: str, quotas: ImageQuotas) -> Image:
    """Return a copy of the image with `tag` added at the end of its tags.

    If the image has the tag already, the copy has the same tags. Upper and lower case differ.
    Raises QuotaExceeded if the copy would have more tags than `quotas` allow, even if no tag is
    added.
    """
    return _with_tags(image, unique_tags([*image.tags, tag], quotas))


def without_tag(image: Image, tag: str) -> Image:
    """Return a copy of the image without the tag.

    Raises TagNotFound if the image does not have the tag.
    """
    tags = image.tags
    if tag not in tags:
        raise TagNotFound(tag)
    return _with_tags(image, tuple(each for each in tags if each != tag))


def _with_tags(image: Image, tags: tuple[str, ...]) -> Image:
    return image._replace(tags_json=orjson.dumps(tags).decode())
