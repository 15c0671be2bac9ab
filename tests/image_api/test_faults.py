"""Faults of requests that no route accepts, and the media types of faults."""

import json
from http import HTTPStatus

import pytest

from glimpse.image_api.faults import render_fault
from tests.image_api.conftest import Api


def test_a_request_without_a_token_is_a_401_with_a_challenge(api: Api) -> None:
    response = api("GET", "/v2/images", token=None)
    assert response.status == 401, str(response)
    assert (response.header("WWW-Authenticate") or "").startswith("Keystone uri=")


@pytest.mark.parametrize("method", ["PUT", "HEAD", "OPTIONS", "PROPFIND"])
def test_unknown_method_is_405_with_the_allowed_methods(api: Api, method: str) -> None:
    response = api(method, "/v2/images")
    assert (response.status, response.header("Allow")) == (405, "GET, POST"), str(response)


@pytest.mark.parametrize("path", ["/v2/nothing", "/v2/images/x/y", "/v2.17/x", "/v2/%00"])
def test_unknown_path_is_404(api: Api, path: str) -> None:
    response = api("GET", path)
    assert response.status == 404, str(response)


def test_unknown_path_is_401_without_a_token(api: Api) -> None:
    assert api("GET", "/v2/nothing", token=None).status == 401


def test_method_that_no_path_has_is_501_on_an_unknown_path(api: Api) -> None:
    assert api("PROPFIND", "/v2/nothing").status == 501


@pytest.mark.parametrize("path", ["/v2/info/usage", "/v2/images/x/tasks"])
def test_path_that_has_only_get_is_404_for_other_methods(api: Api, path: str) -> None:
    for method in ("HEAD", "POST", "DELETE"):
        assert api(method, path).status == 404
    assert api("PROPFIND", path).status == 501


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", path) for path in ("", "/file")),
        *(("POST", f"/actions/{name}") for name in ("deactivate", "reactivate")),
        ("DELETE", ""),
    ],
)
def test_body_of_a_request_that_has_none_is_refused(api: Api, method: str, path: str) -> None:
    image = api.create_with_data(b"data")
    response = api(method, f"/v2/images/{image}{path}", b"{}")
    assert response.status == 400, str(response)
    assert b"A body is not expected" in response.body
    assert api("GET", f"/v2/images/{image}").json()["status"] == "active"


def test_chunked_body_of_a_request_that_has_none_is_refused(api: Api) -> None:
    image = api.create_with_data(b"data")
    path = f"/v2/images/{image}/actions/deactivate"
    response = api("POST", path, b"2\r\n{}\r\n0\r\n\r\n", Transfer_Encoding="chunked")
    assert response.status == 400, str(response)


def test_body_of_a_list_request_is_ignored(api: Api) -> None:
    assert api("GET", "/v2/images?limit=1", b"{}").status == 200


@pytest.mark.parametrize("name", ["%00", "%FF%FE", "..%2F..%2Fetc%2Fpasswd", "x" * 5000, "'--"])
def test_id_that_is_no_uuid_is_404(api: Api, name: str) -> None:
    for suffix in ("", "/file"):
        response = api("GET", f"/v2/images/{name}{suffix}")
        assert response.status == 404, str(response)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "text/html"),
        ("application/json", "application/json"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("image/png", "text/plain"),
        ("text/html;level=1", "text/plain"),
        ("garbage", "text/html"),
        ("q=x", "text/html"),
        ("application/json;charset=utf-8, text/html;q=2", "text/html"),
        ("", "text/plain"),
    ],
)
def test_fault_has_the_media_type_that_accept_prefers(
    api: Api, accept: str, media_type: str
) -> None:
    response = api("GET", "/v2/images/nobody", Accept=accept)
    assert (response.header("Content-Type") or "").partition(";")[0] == media_type, str(response)
    assert b"No image found with ID nobody" in response.body


def test_fault_is_plain_text_without_an_accept_header(api: Api) -> None:
    response = api("GET", "/v2/images/nobody")
    assert response.header("Content-Type") == "text/plain; charset=utf-8", str(response)
    assert response.body.startswith(b"404 Not Found\n\nNo image found"), str(response)


def test_fault_page_escapes_markup(api: Api) -> None:
    response = api("GET", "/v2/images/%3Cscript%3E", Accept="text/html")
    assert b"<script>" not in response.body, str(response)


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Entity Too Large"),
        (HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "Request Range Not Satisfiable"),
        (HTTPStatus.NOT_FOUND, "Not Found"),
    ],
)
def test_fault_has_the_title_that_the_image_service_gives_it(
    status: HTTPStatus, title: str
) -> None:
    body, _ = render_fault(status, "because", "application/json")
    assert json.loads(body) == {
        "message": "because",
        "code": f"{status.value} {title}",
        "title": title,
    }


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("DELETE", ""), ("PUT", "/tags/x"), ("GET", "/members")]
)
def test_an_unexpected_body_is_refused(api: Api, method: str, path: str) -> None:
    image = api.create()
    response = api(method, image["self"] + path, {})
    assert response.status == 400, str(response)
    assert api("GET", image["self"]).json() == image


@pytest.mark.parametrize("path", ["/v2/images", "/v2/tasks"])
def test_bodies_that_are_nested_too_deeply_are_refused(api: Api, path: str) -> None:
    body = b'{"type": "import", "input": ' + b'{"a":' * 300 + b"{}" + b"}" * 301
    response = api("POST", path, body, token="admin:admin")
    assert response.status == 400, str(response)
    assert "levels" in str(response)
