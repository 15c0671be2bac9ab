"""Version discovery needs no token, but rejects requests that every operation rejects."""

import pytest

from tests.acceptance.tenancy import PROJECTS
from tests.support.cloud import Cloud

ROOTS = ("/", "/v2", "/v2.1", "/v2.1/", "/nowhere")


@pytest.mark.parametrize("path", ROOTS)
def test_an_unreadable_type_body_or_query_is_refused(cloud: Cloud, path: str) -> None:
    xml = cloud.request("none", "GET", path, None, [("Content-Type", "application/xml")])
    assert (xml.status, xml.fault) == (415, "badMediaType")
    body = cloud.request("none", "POST", path, b"x")
    assert (body.status, body.fault) == (400, "badRequest")
    query = cloud.request("none", "GET", f"{path}?x=%ff")
    assert (query.status, query.fault) == (400, "badRequest")
    for response in (xml, body, query):
        assert (response.header("x-compute-request-id") is None) == (path in ("/", "/nowhere"))


@pytest.mark.parametrize("path", ROOTS)
def test_version_discovery_ignores_a_readable_body(cloud: Cloud, path: str) -> None:
    plain = cloud.request("none", "GET", path)
    assert plain.status == (300 if path == "/nowhere" else 200)
    for body in (b"[]", b'{"a": "' + b"x" * 200_000 + b'"}'):
        assert cloud.request("none", "POST", path, body).body == plain.body


@pytest.mark.parametrize("path", ROOTS)
def test_version_discovery_responds_to_options_with_an_empty_200(cloud: Cloud, path: str) -> None:
    response = cloud.request("none", "OPTIONS", path, None, [("Content-Type", "application/xml")])
    assert (response.status, response.body) == (200, b"")


@pytest.mark.parametrize("root", ["/v2", "/v2.1"])
def test_a_version_below_a_project_is_shown_to_its_members(cloud: Cloud, root: str) -> None:
    path = f"{root}/{PROJECTS['owner']}/"
    shown = cloud.request("owner", "GET", path)
    assert (shown.status, shown.json()) == (200, cloud.request("none", "GET", root).json())
    assert cloud.request("none", "GET", path).status == 401
    assert cloud.request("other", "GET", path).status == 400
    assert cloud.request("owner", "POST", path, b"{}").status == 404
