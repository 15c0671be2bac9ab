"""Each path of Keystone is served, or its response says that Glimpse does not have it."""

import re

import pytest

from tests.peers.service_pair import ServicePair

pytestmark = pytest.mark.peers


def test_no_path_of_keystone_is_an_unknown_one(services: ServicePair) -> None:
    home = services.identity("GET", "/v3", headers={"Accept": "application/json-home"}).real
    resources = home.json()["resources"].values()
    paths = {str(each.get("href") or each["href-template"]) for each in resources}
    assert len(paths) > 100, "Keystone lists its paths in another form"
    unknown = services.identity("GET", "/v3/nothing/at/all").embedded
    assert unknown.status == 404
    found = []
    for path in sorted(paths):
        target = "/v3" + re.sub(r"\{\w+\}", "x", path).removeprefix("/v3")
        response = services.identity("GET", target, user="owner").embedded
        if response.body == unknown.body:
            found.append(path)
    assert found == []
