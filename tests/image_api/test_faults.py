"""Faults: requests that no resource accepts, and the media types of faults."""

import pytest

from tests.image_api.conftest import Api


def test_a_request_without_a_token_is_challenged(api: Api) -> None:
    answer = api("GET", "/v2/images", token=None)
    assert answer.status == 401, str(answer)
    assert (answer.header("WWW-Authenticate") or "").startswith("Keystone uri=")


@pytest.mark.parametrize("method", ["PUT", "HEAD", "OPTIONS", "PROPFIND"])
def test_unknown_method_is_405_with_the_allowed_methods(api: Api, method: str) -> None:
    answer = api(method, "/v2/images")
    assert (answer.status, answer.header("Allow")) == (405, "GET, POST"), str(answer)


@pytest.mark.parametrize("path", ["/v2/info/import", "/v2/info/stores", "/v1/images", "/v2/%00"])
def test_unknown_path_is_404(api: Api, path: str) -> None:
    answer = api("GET", path)
    assert answer.status == 404, str(answer)


@pytest.mark.parametrize("name", ["%00", "%FF%FE", "..%2F..%2Fetc%2Fpasswd", "x" * 5000, "'--"])
def test_id_that_is_no_uuid_is_404(api: Api, name: str) -> None:
    for suffix in ("", "/file"):
        answer = api("GET", f"/v2/images/{name}{suffix}")
        assert answer.status == 404, str(answer)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "text/html"),
        ("application/json", "application/json"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("image/png", "text/plain"),
        ("text/html;level=1", "text/plain"),
        ("garbage", "text/html"),
        ("", "text/html"),
    ],
)
def test_fault_has_the_media_type_that_accept_prefers(
    api: Api, accept: str, media_type: str
) -> None:
    answer = api("GET", "/v2/images/nobody", Accept=accept)
    assert (answer.header("Content-Type") or "").partition(";")[0] == media_type, str(answer)
    assert b"No image found with ID nobody" in answer.body


def test_fault_page_escapes_markup(api: Api) -> None:
    answer = api("GET", "/v2/images/%3Cscript%3E")
    assert b"<script>" not in answer.body, str(answer)
