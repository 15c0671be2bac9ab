"""Links start with the URL that the client used: of the process or of a trusted proxy."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.acceptance.conftest import MEMBERS
from tests.support.cloud import PASSWORD, EmbeddedCloud, seed_identity
from tests.support.http import request
from tests.support.process import GlimpseProcess

DIRECT = {"Host": "cloud.example:8774"}
X_FORWARDED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "cloud.example",
    "X-Forwarded-Prefix": "/below",
}
FORWARDED = {"Forwarded": 'for=10.0.0.1;proto=https;host="cloud.example:8443"'}
LOGIN = json.dumps(
    {
        "auth": {
            "identity": {
                "methods": ["password"],
                "password": {
                    "user": {"name": "owner", "domain": {"id": "default"}, "password": PASSWORD}
                },
            },
            "scope": {"project": {"name": "owner", "domain": {"id": "default"}}},
        }
    }
).encode()
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module", params=["", "enable_proxy_headers_parsing = true"], ids=["", "on"])
def cloud(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedCloud]:
    directory: Path = tmp_path_factory.mktemp("reached")
    (directory / "glimpse.conf").write_text(f"[oslo_middleware]\n{request.param}\n")
    seed_identity(directory / "state", MEMBERS)
    arguments = ["--config-file", str(directory / "glimpse.conf")]
    with GlimpseProcess(directory / "state", arguments=arguments) as process:
        yield EmbeddedCloud(process)


@pytest.fixture
def trusted(cloud: EmbeddedCloud) -> bool:
    return "true" in (cloud.state_dir.parent / "glimpse.conf").read_text()


@pytest.mark.parametrize(
    ("headers", "reached"),
    [
        (DIRECT, "http://cloud.example:8774"),
        (X_FORWARDED, "https://cloud.example/below"),
        (FORWARDED, "https://cloud.example:8443"),
    ],
    ids=["directly", "by X-Forwarded", "by Forwarded"],
)
def test_links_of_all_apis_start_with_the_url_that_the_client_used(
    cloud: EmbeddedCloud, headers: Mapping[str, str], reached: str, *, trusted: bool
) -> None:
    if headers is not DIRECT and not trusted:
        reached = cloud.process.base_url  # any client may send such headers
    versions = request(cloud.address, "GET", "/identity", headers)
    assert versions.header("Location") == f"{reached}/identity/v3/"
    login = request(cloud.address, "POST", "/identity/v3/auth/tokens", {**headers, **JSON}, LOGIN)
    urls = {
        each["type"]: endpoint["url"]
        for each in login.json()["token"]["catalog"]
        for endpoint in each["endpoints"]
    }
    assert urls == {
        "compute": f"{reached}/v2.1",
        "image": f"{reached}/image/v2",
        "identity": f"{reached}/identity/v3",
    }
    sent_headers = {**headers, **JSON, "X-Auth-Token": login.header("X-Subject-Token") or ""}
    catalog = request(cloud.address, "GET", "/identity/v3/auth/catalog", sent_headers).json()[
        "catalog"
    ]
    assert catalog == login.json()["token"]["catalog"]
    versions = request(cloud.address, "GET", "/image", headers)
    assert versions.json()["versions"][0]["links"][0]["href"] == f"{reached}/image/v2/"
    made = request(cloud.address, "POST", "/image/v2/images", sent_headers, b"{}")
    image = made.json()["id"]
    assert made.header("Location") == f"{reached}/image/v2/images/{image}"
    shown = request(cloud.address, "GET", f"/v2.1/images/{image}", sent_headers).json()["image"]
    assert [link["href"] for link in shown["links"]] == [
        f"{reached}/v2.1/images/{image}",
        f"{reached}/images/{image}",
        f"{reached}/image/images/{image}",
    ]
