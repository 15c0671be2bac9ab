"""The operator says which formats images may get."""

import sys
from collections.abc import Iterator

import pytest

from tests.image_api.conftest import Api
from tests.support import disk_images
from tests.support.process import ServerProcess, free_port

ENVIRONMENT = {
    "OS_IMAGE_FORMAT__DISK_FORMATS": "raw,root-tar",
    "OS_IMAGE_FORMAT__CONTAINER_FORMATS": "bare",
}
FORMATS = {"disk_format": "root-tar", "container_format": "bare"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    port, directory = free_port(), tmp_path_factory.mktemp("images")
    command = [sys.executable, "-m", "tests.image_api.server", str(port), str(directory)]
    log = directory / "server.log"
    with ServerProcess(command, port, log, environment=ENVIRONMENT) as process:
        yield Api(process)


@pytest.mark.parametrize(("name", "value"), [("disk_format", "qcow2"), ("container_format", "ovf")])
def test_other_formats_than_the_configured_ones_are_refused(
    api: Api, name: str, value: str
) -> None:
    refused = api("POST", "/v2/images", {name: value})
    assert refused.status == 400, str(refused)
    image_id = str(api.create()["id"])
    patched = api.patch(image_id, {"op": "replace", "path": f"/{name}", "value": value})
    assert patched.status == 400, str(patched)
    for accepted in (FORMATS[name], None):
        patched = api.patch(image_id, {"op": "replace", "path": f"/{name}", "value": accepted})
        assert (patched.status, patched.json()[name]) == (200, accepted), str(patched)


def test_the_schema_has_the_configured_formats(api: Api) -> None:
    schema = api("GET", "/v2/schemas/image").json()
    page = api("GET", "/v2/schemas/images").json()
    for properties in (
        schema["properties"],
        page["properties"]["images"]["items"]["properties"],
    ):
        assert properties["disk_format"]["enum"] == [None, "raw", "root-tar"]
        assert properties["container_format"]["enum"] == [None, "bare"]


def test_data_in_a_format_of_the_operators_is_accepted_unless_it_has_a_known_one(api: Api) -> None:
    octets = {"Content_Type": "application/octet-stream"}
    for data, status in ((b"a tar" * 200, 204), (disk_images.qcow2(2**21), 415)):
        image = api.create(**FORMATS)
        response = api("PUT", image["file"], data, **octets)
        assert response.status == status, str(response)
