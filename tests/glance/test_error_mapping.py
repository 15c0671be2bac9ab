"""Errors in Glance's responses become errors of images.errors."""

import json

import pytest

from glimpse.glance.error_mapping import error_from_response, image_error, list_error
from glimpse.images.errors import (
    Conflict,
    Forbidden,
    ImageNotFound,
    Invalid,
    InvalidResponse,
    MarkerNotFound,
    MarkerNotVisible,
    NotAuthenticated,
    Unavailable,
)
from glimpse.upstream.transport import Response


def error(status: int, reason: str = "", *headers: tuple[bytes, bytes]) -> Response:
    """Return an error response of Glance with this reason."""
    return Response(status, [*headers], json.dumps({"message": reason}).encode())


@pytest.mark.parametrize(
    ("status", "expected", "has_reason"),
    [
        (400, Invalid, True),
        (401, NotAuthenticated, False),
        (403, Forbidden, True),
        (404, InvalidResponse, False),
        (405, InvalidResponse, False),
        (409, Conflict, True),
        (413, Invalid, True),
        (414, Invalid, False),
        (429, Unavailable, False),
        (431, Invalid, False),
        (302, InvalidResponse, False),
        (500, Unavailable, False),
        (503, Unavailable, False),
        (999, Unavailable, False),
    ],
)
def test_status_code_becomes_an_error_with_the_reason_if_the_client_caused_it(
    status: int,
    expected: type[Exception],
    has_reason: bool,  # noqa: FBT001  a column of the table
) -> None:
    found = error_from_response(error(status, "The reason."))
    assert type(found) is expected
    assert ("The reason." in str(found)) is has_reason
    assert str(error_from_response(error(status)))


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [(b"7", 7), (b"0", 1), (b"99999999999", 3600), (b"tomorrow", 1), ("\u0667".encode(), 1)],
)
def test_retry_after_is_between_a_second_and_an_hour(
    status: int, value: bytes, seconds: int
) -> None:
    found = error_from_response(error(status, "", (b"Retry-After", value)))
    assert isinstance(found, Unavailable)
    assert found.retry_after == seconds


def test_404_about_an_image_names_it() -> None:
    assert isinstance(image_error(error(404), "image-1"), ImageNotFound)
    assert isinstance(image_error(error(403), "image-1"), Forbidden)


@pytest.mark.parametrize(
    ("status", "marker", "expected"),
    [
        (400, "image-1", MarkerNotFound),
        (403, "image-1", MarkerNotVisible),
        (400, "image-2", Invalid),
        (403, "image-2", Forbidden),
        (400, None, Invalid),
        (400, "", Invalid),
        (403, "", Forbidden),
    ],
)
def test_error_of_a_list_is_about_the_marker_if_its_reason_names_it(
    status: int, marker: str | None, expected: type[Exception]
) -> None:
    assert type(list_error(error(status, "About image-1."), marker)) is expected
