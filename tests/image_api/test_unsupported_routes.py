"""Routes that only the Image service has, and paths that neither has."""

import json
import re

import pytest

from glimpse.image_api.unsupported_routes import ROUTES
from tests.image_api.conftest import Api

KNOWN = [(method, path) for path, methods in ROUTES for method in methods]


@pytest.mark.parametrize(("method", "path"), KNOWN)
def test_route_of_the_image_service_that_is_not_offered_is_501(
    api: Api, method: str, path: str
) -> None:
    response = api(method, re.sub(r"\{\w+\}", "x", path), Accept="application/json")
    assert response.status == 501, str(response)
    document = json.loads(response.body)
    assert (document["code"], document["title"]) == ("501 Not Implemented", "Not Implemented")
    assert "does not offer" in document["message"]


def test_route_that_is_not_offered_needs_a_token(api: Api) -> None:
    assert api("GET", "/v2/metadefs/namespaces", token=None).status == 401


def test_another_method_of_a_route_that_is_not_offered_is_405(api: Api) -> None:
    response = api("PATCH", "/v2/metadefs/namespaces")
    assert (response.status, response.header("Allow")) == (405, "GET, POST"), str(response)


@pytest.mark.parametrize(
    "path", ["/v2/metadefs", "/v2/metadefs/x", "/v2/schemas/metadefs", "/v2/stores/x", "/v2/x"]
)
def test_path_that_the_image_service_does_not_have_is_404(api: Api, path: str) -> None:
    assert api("GET", path).status == 404
