"""deprecation_headers: the link to the successor, and the date of the end."""

import pytest

from glimpse.compute.deprecation_headers import deprecation_headers


@pytest.mark.parametrize(
    ("image_id", "path"),
    [("", ""), ("0a-1b", "/0a-1b"), ("a/b?c", "/a%2Fb%3Fc")],
    ids=["list", "image", "reserved characters"],
)
def test_successor_is_the_same_resource_of_the_image_api(image_id: str, path: str) -> None:
    headers = dict(deprecation_headers("http://glance:9292/", image_id, None))
    link = f'<http://glance:9292/v2/images{path}>; rel="successor-version"'
    assert headers == {b"deprecation": b"@1475712000", b"link": link.encode()}


def test_sunset_is_sent_if_a_date_is_configured() -> None:
    date = "Thu, 31 Dec 2026 23:59:59 GMT"
    assert (b"sunset", date.encode()) in deprecation_headers("http://glance", "", date)
