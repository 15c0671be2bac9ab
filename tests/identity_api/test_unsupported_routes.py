"""Routes that Keystone has and Glimpse does not respond 501; unknown paths are 404."""

import re

import pytest
import requests

from glimpse.identity_api.unsupported_routes import UNSUPPORTED_ROUTES
from tests.identity.cloud import Cloud, message_of

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.mark.parametrize("feature", UNSUPPORTED_ROUTES)
def test_unsupported_route_is_501_and_names_its_feature(cloud: Cloud, feature: str) -> None:
    for methods, path in UNSUPPORTED_ROUTES[feature]:
        url = cloud.base_url + "/identity" + re.sub(r"\{\w+\}", "x", path)
        for method in methods.split():
            response = requests.request(method, url, json={}, timeout=20)
            assert response.status_code == 501, (method, url)
            if method != "HEAD":
                assert response.json()["error"]["title"] == "Not Implemented"
                assert feature in message_of(response)


def test_path_that_nobody_has_is_404(cloud: Cloud) -> None:
    for path in ("/grups", "/users/x/group", "/OS-FEDERATION", "/OS-TRUST/trusts/x/y", "/tenants"):
        for method in ("GET", "PUT", "DELETE"):
            response = cloud.send(method, path, cloud.token())
            assert response.status_code == 404, (method, path, response.text)
            assert message_of(response)


def test_method_that_an_unsupported_route_does_not_have_is_405(cloud: Cloud) -> None:
    response = cloud.send("PUT", "/groups", cloud.token())
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
