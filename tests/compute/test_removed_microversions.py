"""Microversions in which image operations are removed: by default, and with the option."""

from collections.abc import Iterator

import pytest

from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.http import Response
from tests.support.process import GlimpseProcess

USER = Member("user", "e" * 32)
IMAGE = {
    "id": "70a599e0-31e7-49b7-b260-868f441e862b",
    "name": "one",
    "status": "active",
    "visibility": "private",
    "owner": USER.project_id,
    "created_at": "2024-01-01T00:00:00Z",
    "updated_at": "2024-01-01T00:00:00Z",
    "colour": "blue",
}
SHOW = f"/v2.1/images/{IMAGE['id']}"
META = b'{"metadata": {"season": "spring"}}'
OPERATIONS = [
    ("GET", "/v2.1/images", None, 35),
    ("GET", "/v2.1/images/detail", None, 35),
    ("GET", SHOW, None, 35),
    ("DELETE", SHOW, None, 35),
    ("GET", f"{SHOW}/metadata", None, 38),
    ("POST", f"{SHOW}/metadata", META, 38),
    ("PUT", f"{SHOW}/metadata", META, 38),
    ("GET", f"{SHOW}/metadata/colour", None, 38),
    ("PUT", f"{SHOW}/metadata/colour", b'{"meta": {"colour": "red"}}', 38),
    ("DELETE", f"{SHOW}/metadata/colour", None, 38),
]


@pytest.fixture(scope="module", params=[False, True], ids=["by default", "served"])
def served(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, *, served: bool) -> Iterator[EmbeddedCloud]:
    directory = tmp_path_factory.mktemp("removed")
    conf = directory / "glimpse.conf"
    conf.write_text("[api]\nserve_removed_microversions = true\n" if served else "")
    seed_identity(directory / "state", [USER])
    with GlimpseProcess(directory / "state", arguments=["--config-file", str(conf)]) as process:
        yield EmbeddedCloud(process)


def send_request(
    cloud: EmbeddedCloud, method: str, target: str, body: bytes | None, version: str
) -> Response:
    cloud.put_images([IMAGE])
    headers = [("OpenStack-API-Version", f"compute {version}")]
    return cloud.request("user", method, target, body, headers)


@pytest.mark.parametrize(("method", "target", "body", "last"), OPERATIONS)
def test_an_operation_is_removed_after_its_last_microversion_unless_configured_otherwise(
    cloud: EmbeddedCloud, *, served: bool, method: str, target: str, body: bytes | None, last: int
) -> None:
    within = send_request(cloud, method, target, body, f"2.{last}")
    assert within.status in (200, 204), str(within)
    for version in (f"2.{last + 1}", "2.104", "latest"):
        response = send_request(cloud, method, target, body, version)
        shown = "2.104" if version == "latest" else version
        assert response.header("OpenStack-API-Version") == f"compute {shown}", str(response)
        if served:
            assert (response.status, response.body) == (within.status, within.body), str(response)
        else:
            assert (response.status, response.fault) == (404, "itemNotFound"), str(response)
            assert f"ended at microversion 2.{last}" in response.body.decode(), str(response)


def test_the_advertised_microversion_does_not_depend_on_the_option(cloud: EmbeddedCloud) -> None:
    response = cloud.request("user", "GET", "/v2.1/")
    assert response.json()["version"]["version"] == "2.35", str(response)


def test_a_microversion_above_the_maximum_is_rejected(cloud: EmbeddedCloud) -> None:
    assert send_request(cloud, "GET", "/v2.1/images", None, "2.105").status == 406
