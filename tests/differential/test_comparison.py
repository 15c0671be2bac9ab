"""The comparison of two responses finds what differs, and nothing else."""

import json
from typing import Any

from tests.differential.api_request import ApiRequest, identity_call, image_call, substitute
from tests.differential.comparison import Mismatch, Names, compare
from tests.support.http import Response

REQUEST = image_call("GET", "/images")


def response(status: int = 200, body: Any = b"", **headers: str) -> Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status, pairs, data)


def mismatches(
    real: Response, embedded: Response, request: ApiRequest = REQUEST, **names: str
) -> list[Mismatch]:
    real_names = Names({value: f"<{name}>" for name, value in names.items()})
    return compare(request, (real, real_names), (embedded, Names({})))


def test_another_status_code_is_the_only_mismatch_of_a_response() -> None:
    found = mismatches(response(200, {"a": 1}), response(404, {"b": 2}, Allow="GET"))
    assert found == [Mismatch("status", "200", "404")]


def test_headers_that_matter_are_compared() -> None:
    found = mismatches(response(405, Allow="GET, POST"), response(405, Allow="POST, PUT"))
    assert found == [Mismatch("header Allow", "GET, POST", "POST, PUT")]
    assert mismatches(response(405, Allow="GET, POST"), response(405, Allow="POST, GET")) == []
    assert mismatches(response(Server="a", Date="b"), response(Server="c")) == []


def test_the_presence_of_a_token_is_compared_but_not_its_value() -> None:
    one, other = response(201, X_Subject_Token="a"), response(201, X_Subject_Token="b")
    assert mismatches(one, other) == []
    assert mismatches(one, response(201)) == [Mismatch("header X-Subject-Token", "True", "False")]


def test_values_types_and_members_of_documents_are_compared() -> None:
    found = mismatches(
        response(body={"a": [{"b": 1}], "c": "x", "d": 1}),
        response(body={"a": [{"b": 1.0}], "c": "y", "e": None}),
    )
    assert found == [
        Mismatch("body $.a[].b", "1", "1.0"),
        Mismatch("body $.c", '"x"', '"y"'),
        Mismatch("body $.d", "1", "absent"),
        Mismatch("body $.e", "absent", "null"),
    ]


def test_ids_dates_and_named_values_are_not_compared() -> None:
    real = {"id": "0" * 32, "at": "2024-01-01T00:00:00Z", "of": "b" * 12}
    embedded = {"id": "f" * 32, "at": "2025-02-02T01:02:03Z", "of": "<owner>"}
    assert mismatches(response(body=real), response(body=embedded), owner="b" * 12) == []
    precise = {**embedded, "at": "2025-02-02T01:02:03.123456Z"}
    assert len(mismatches(response(body=real), response(body=precise), owner="b" * 12)) == 1


def test_lists_of_the_image_api_have_an_order_but_tags() -> None:
    one, other = {"images": ["a", "b"]}, {"images": ["b", "a"]}
    assert len(mismatches(response(body=one), response(body=other))) == 2
    assert mismatches(response(body={"tags": [1, 2]}), response(body={"tags": [2, 1]})) == []
    request = identity_call("GET", "/users")
    assert mismatches(response(body=one), response(body=other), request) == []


def test_messages_of_faults_are_not_compared_but_their_formats_are() -> None:
    real = {"message": "x", "code": "404 Not Found", "title": "Not Found"}
    assert mismatches(response(404, real), response(404, {**real, "message": "y"})) == []
    found = mismatches(response(404, real), response(404, {**real, "title": "No"}))
    assert found == [Mismatch("body $.title", '"Not Found"', '"No"')]
    page, text = b"<html><title>404 Not Found</title>x</html>", b"404 Not Found\n\nx"
    assert mismatches(response(404, text), response(404, text + b"y")) == []
    assert len(mismatches(response(404, text), response(404, page))) == 1


def test_placeholders_are_replaced() -> None:
    values = {"user:owner": "1", "made": "2"}
    assert substitute("/users/<user:owner>/<made>", values.__getitem__) == "/users/1/2"


def test_stores_that_glance_uses_itself_are_not_compared() -> None:
    one = {"OpenStack_image_store_ids": "store,os_glance_staging_store,os_glance_tasks_store"}
    other = {"OpenStack_image_store_ids": "store"}
    assert mismatches(response(201, **one), response(201, **other)) == []
    assert len(mismatches(response(201, **one), response(201))) == 1
