"""What Glance's answers mean: documents, and errors with the reason that Glance gives."""

from http import HTTPStatus
from typing import Any, NamedTuple

import orjson

from glimpse.glance.error_text import reason_of
from glimpse.glance.image_document import image_of
from glimpse.images import Image
from glimpse.images.errors import (
    Conflict,
    Forbidden,
    ImageNotFound,
    ImageServiceError,
    Invalid,
    InvalidResponse,
    MarkerNotFound,
    MarkerNotVisible,
    NotAuthenticated,
    Unavailable,
)

_LONGEST_VERSION = 50
_LONGEST_RETRY_AFTER = 3600
# Objects and arrays of a document: each takes 60 bytes of memory, and 0.2 us to parse.
_MOST_CONTAINERS = 100_000


class TooLarge(InvalidResponse):
    """The answer has more bytes than are read of one; what was asked for in parts may be less."""


class Answer(NamedTuple):
    """One HTTP answer, read whole; `retry_after` as the header says it."""

    status: int
    body: bytes
    retry_after: str | None = None


def is_success(answer: Answer) -> bool:
    """Whether the status is one of the 2xx."""
    return HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES


def document(answer: Answer) -> dict[str, Any]:
    """The JSON object that a successful `answer` holds; InvalidResponse when it holds none."""
    check_containers(answer)
    try:
        parsed = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise InvalidResponse("The Image service's answer is not JSON.") from None
    if not isinstance(parsed, dict):
        raise InvalidResponse("The Image service's answer is not a JSON object.")
    return parsed


def check_containers(answer: Answer) -> None:
    """Raise TooLarge for a document that takes long to parse, and far more memory than bytes.

    A page of 1,000 images has 5,000 objects and arrays. Brackets in texts count as well.
    """
    if answer.body.count(b"[") + answer.body.count(b"{") > _MOST_CONTAINERS:
        raise TooLarge("The Image service's answer is too large.")


def image(found: Any, base_attributes: frozenset[str]) -> Image:
    """The image that a parsed document describes; InvalidResponse when it describes none.

    `base_attributes` are the keys of the document that are no properties.
    """
    return image_of(found, base_attributes)


def version_ids(answer: Answer) -> list[str]:
    """The version ids in a response to ``GET /``, which is 300. Raises InvalidResponse."""
    if answer.status not in (HTTPStatus.OK, HTTPStatus.MULTIPLE_CHOICES):
        raise _error(answer)
    listed = document(answer).get("versions")
    versions = listed if isinstance(listed, list) else [None]
    ids = [one["id"] for one in versions if isinstance(one, dict) and "id" in one]
    if len(ids) != len(versions) or not all(map(_is_version, ids)):
        raise InvalidResponse("The Image service's answer names no versions.")
    return ids


def _is_version(found: object) -> bool:
    """Whether it is an id to be shown on a terminal: ``v2.15``."""
    return isinstance(found, str) and len(found) <= _LONGEST_VERSION and found.isprintable()


def reason(answer: Answer) -> str:
    """The sentence in an error answer, be it JSON, HTML or plain text; may be empty."""
    return reason_of(answer.body)


def image_error(answer: Answer, image_id: str) -> ImageServiceError:
    """The error that an unsuccessful answer about one image stands for."""
    if answer.status == HTTPStatus.NOT_FOUND:
        return ImageNotFound(image_id)
    return _error(answer)


def list_error(answer: Answer, marker: str | None) -> ImageServiceError:
    """The error that an unsuccessful answer to a list stands for; `marker` is what was asked."""
    why = reason(answer)
    if marker is not None and answer.status == HTTPStatus.BAD_REQUEST and marker in why:
        return MarkerNotFound(marker)
    if marker is not None and answer.status == HTTPStatus.FORBIDDEN and marker in why:
        return MarkerNotVisible(marker)
    return _error(answer)


def _error(answer: Answer) -> ImageServiceError:  # noqa: PLR0911  a table reads best in one piece
    why = reason(answer)
    match answer.status:
        case 400 | 413:
            return Invalid(why or "The Image service refused the request.")
        case 414 | 431:
            return Invalid("The request is too long for the Image service.")
        case 401:
            return NotAuthenticated("The Image service does not accept the token.")
        case 403:
            return Forbidden(why or "The Image service forbids it.")
        case 409:
            return Conflict(why or "The image is in a state in which this cannot be done.")
        case 429:
            return Unavailable("The Image service is too busy.", _seconds(answer.retry_after))
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unavailable(
                f"The Image service answered {status}.", _seconds(answer.retry_after)
            )
    return InvalidResponse(f"The Image service answered {answer.status}.")


def _seconds(retry_after: str | None) -> int:
    if retry_after and retry_after.isascii() and retry_after.isdigit():
        return min(max(1, int(retry_after[:9])), _LONGEST_RETRY_AFTER)
    return 1
