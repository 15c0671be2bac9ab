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

    Tags have at most 255 characters, and no NUL. A path that is not UTF-8 is refused, too: the
    server replaces what it cannot decode by U+FFFD.
    """
    check_tags([tag])
    if "\ufffd" in tag:
        raise Invalid("The tag in the path is not valid UTF-8.")


def with_tag(image: Image, tag: str, quotas: ImageQuotas) -> Image:
    """Return the image with one more tag, or as it is if it has the tag already.

    The case of tags matters. Raises QuotaExceeded for more tags than `quotas` allow.
    """
    return _with_tags(image, unique_tags([*image.tags, tag], quotas))


def without_tag(image: Image, tag: str) -> Image:
    """Return the image without one of its tags. Raises TagNotFound if it does not have the tag."""
    tags = image.tags
    if tag not in tags:
        raise TagNotFound(tag)
    return _with_tags(image, tuple(each for each in tags if each != tag))


def _with_tags(image: Image, tags: tuple[str, ...]) -> Image:
    return image._replace(tags_json=orjson.dumps(tags).decode())
