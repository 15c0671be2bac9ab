"""Unmodified clients list, show, change and delete images.

Run `python -m tests.clients.install` first.
"""

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import MEMBERS
from tests.acceptance.tenancy import PROJECTS
from tests.clients.install import ENVIRONMENTS, programs
from tests.clients.programs import LIBCLOUD, SDK, SDK_0_9, SHADE, SHADE_DELETE
from tests.clouds import CLOUDS, DATABASE_CLOUDS, start_cloud
from tests.support.cloud import PASSWORD, Cloud

pytestmark = pytest.mark.clients
HERE = Path(__file__).parent
ACTIVE = {"status": "ACTIVE", "progress": 100}
# Clients of the Compute API also read Glance's database.
of_compute = pytest.mark.parametrize("cloud", [*CLOUDS, *DATABASE_CLOUDS], indirect=True)
DATES = {"created_at": "2024-02-01T10:20:30Z", "updated_at": "2024-03-01T11:21:31Z"}


@pytest.fixture(scope="module", params=CLOUDS)
def cloud(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cloud]:
    with start_cloud(request.param, tmp_path_factory.mktemp("clients"), MEMBERS) as started:
        yield started


@pytest.fixture
def image(cloud: Cloud) -> str:
    image_id = str(uuid.uuid4())
    cloud.put_images([document(image_id)])
    return image_id


def document(image_id: str) -> dict[str, object]:
    """Return the Image API document of an image of the user ``owner``."""
    image = {"id": image_id, "name": "legacy", "status": "active", "key1": "value1", "size": 7}
    return {**image, **DATES, "owner": PROJECTS["owner"]}


def run(cloud: Cloud, client: str, program: str, *arguments: str) -> str:
    """Run a program of the client's environment as the user ``owner``; see `execute`."""
    return execute(cloud, str(programs(client) / program), *arguments)


def execute(cloud: Cloud, *command: str, **variables: str) -> str:
    """Run a command as the user ``owner``; return its output. Fails with its errors."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(cloud.state_dir),
        "OS_AUTH_URL": f"{cloud.identity_url}/v3",
        "OS_IDENTITY_API_VERSION": "3",
        "OS_USERNAME": "owner",
        "OS_PASSWORD": PASSWORD,
        "OS_PROJECT_NAME": "owner",
        "OS_USER_DOMAIN_ID": "default",
        "OS_PROJECT_DOMAIN_ID": "default",
        "OS_USER_DOMAIN_NAME": "Default",
        "OS_PROJECT_DOMAIN_NAME": "Default",
        "OS_REGION_NAME": "RegionOne",
        "PYTHONWARNINGS": "ignore",
        **variables,
    }
    done = subprocess.run(
        command, check=False, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@of_compute
def test_novaclient_lists_shows_edits_and_deletes(cloud: Cloud, image: str) -> None:
    assert image in run(cloud, "nova", "nova", "image-list")
    assert "value1" in run(cloud, "nova", "nova", "image-show", image)
    run(cloud, "nova", "nova", "image-meta", image, "set", "key2=value2")
    assert "value2" in run(cloud, "nova", "nova", "image-show", image)
    run(cloud, "nova", "nova", "image-meta", image, "delete", "key1")
    assert "value1" not in run(cloud, "nova", "nova", "image-show", image)
    run(cloud, "nova", "nova", "image-delete", image)
    assert image not in run(cloud, "nova", "nova", "image-list")


@of_compute
def test_libcloud_lists_gets_and_deletes(cloud: Cloud, image: str) -> None:
    compute = f"{cloud.process.base_url}/v2.1"
    assert run(cloud, "libcloud", "python", "-c", LIBCLOUD, image, compute) == "legacy\n"


@of_compute
@pytest.mark.parametrize(("client", "program"), [("openstack", SDK), ("openstacksdk-0.9", SDK_0_9)])
def test_the_sdk_pages_finds_edits_and_deletes(
    cloud: Cloud, image: str, client: str, program: str
) -> None:
    others = [str(uuid.uuid4()) for _ in range(2)]
    cloud.put_images([document(each) for each in others])
    cloud.put_images([{**document(image), "name": "found by name"}])
    seen = json.loads(run(cloud, client, "python", "-c", program, image))
    assert {image, *others} <= set(seen["pages"])
    assert len(seen["pages"]) == len(set(seen["pages"]))
    assert seen["found"] == image
    assert seen["metadata"] == {"key2": "value2"}
    assert seen["left"] == []


@of_compute
def test_fog_lists_gets_edits_and_deletes(cloud: Cloud, image: str) -> None:
    seen = json.loads(execute(cloud, "ruby", str(HERE / "fog" / "images.rb"), image))
    assert seen == {
        "listed": {"name": "legacy", **ACTIVE, "minDisk": 0, "minRam": 0, "size": 7},
        "ready": True,
        "merged": {"key2": "value2"},
        "replaced": {"key3": "value3"},
        "gone": True,
    }


@of_compute
def test_pkgcloud_lists_gets_edits_and_deletes(cloud: Cloud, image: str) -> None:
    modules = str(ENVIRONMENTS / "pkgcloud" / "node_modules")
    script = str(HERE / "pkgcloud" / "images.js")
    seen = json.loads(execute(cloud, "node", script, image, NODE_PATH=modules))
    dates = {"created": DATES["created_at"], "updated": DATES["updated_at"]}
    assert seen["listed"] == {"id": image, "name": "legacy", **ACTIVE, **dates}
    assert seen["metadata"] == {"key1": "value1", "key2": "value2"}
    assert seen["image"]["updated"] > seen["listed"]["updated"]
    assert seen["left"] == []


@of_compute
def test_gophercloud_follows_pages_gets_and_deletes(cloud: Cloud, image: str) -> None:
    others = [str(uuid.uuid4()) for _ in range(2)]
    cloud.put_images([document(each) for each in others])
    seen = json.loads(run(cloud, "gophercloud", "images", image))
    listed = [image_id for (image_id,) in seen["Pages"]]
    assert {image, *others} <= set(listed)
    assert len(listed) == len(set(listed))
    assert seen["Image"] == {
        "ID": image,
        "Name": "legacy",
        "Status": "ACTIVE",
        "Progress": 100,
        "Created": DATES["created_at"],
        "Updated": DATES["updated_at"],
        "MinDisk": 0,
        "MinRAM": 0,
        "Metadata": {"key1": "value1"},
    }
    assert seen["Gone"] is True


@of_compute
def test_goose_lists_and_gets(cloud: Cloud, image: str) -> None:
    cloud.put_images([{**document(image), "architecture": "x86_64"}])
    seen = json.loads(run(cloud, "goose", "images", image))
    assert "legacy" in seen["Names"]
    assert "legacy" in seen["Detailed"]
    assert (seen["Image"]["Status"], seen["Image"]["Progress"]) == ("ACTIVE", 100)
    assert seen["Image"]["Metadata"]["Architecture"] == "x86_64"


def test_openstackclient_uploads_changes_downloads_and_deletes_an_image(
    cloud: Cloud, tmp_path: Path
) -> None:
    disk = tmp_path / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(disk), "16M"], check=True)

    def openstack(*arguments: str) -> str:
        return run(cloud, "openstack", "openstack", "image", *arguments)

    made = openstack("create", "disk", "--disk-format", "qcow2", "--file", str(disk), "-f", "json")
    image_id = json.loads(made)["id"]
    assert image_id in openstack("list")
    openstack("set", "--property", "os_distro=debian", image_id)
    shown = json.loads(openstack("show", image_id, "-f", "json"))
    assert (shown["status"], shown["size"]) == ("active", disk.stat().st_size)
    assert shown["properties"]["os_distro"] == "debian"
    copy = disk.with_name("copy.qcow2")
    openstack("save", "--file", str(copy), image_id)
    assert copy.read_bytes() == disk.read_bytes()
    openstack("delete", image_id)
    assert image_id not in openstack("list")


def test_openstackclient_shows_its_token_catalog_and_projects(cloud: Cloud) -> None:
    def openstack(*arguments: str) -> str:
        return run(cloud, "openstack", "openstack", *arguments, "-f", "value")

    assert openstack("token", "issue", "-c", "project_id").strip() == PROJECTS["owner"]
    assert "compute" in openstack("catalog", "list", "-c", "Type").split()
    assert openstack("project", "list").split() == [PROJECTS["owner"], "owner"]


@of_compute
def test_glanceclient_uploads_and_changes_an_image_that_compute_shows(
    cloud: Cloud, tmp_path: Path
) -> None:
    disk, copy = tmp_path / "disk.raw", tmp_path / "copy.raw"
    disk.write_bytes(os.urandom(70_000))
    image_id = str(uuid.uuid4())

    def glance(*arguments: str) -> str:
        return run(cloud, "glance", "glance", *arguments)

    formats = ("--disk-format", "raw", "--container-format", "bare")
    made = ("--id", image_id, "--name", "glance", "--file", str(disk), "--property", "key1=value1")
    glance("image-create", *formats, *made)
    assert image_id in glance("image-list", "--property-filter", "key1=value1")
    edits = ("--name", "renamed", "--property", "key2=value2", "--remove-property", "key1")
    glance("image-update", image_id, *edits)
    shown = shown_by_compute(cloud, image_id)
    assert (shown["name"], shown["status"]) == ("renamed", "ACTIVE")
    assert (shown["OS-EXT-IMG-SIZE:size"], shown["metadata"]) == (70_000, {"key2": "value2"})
    glance("image-download", "--file", str(copy), image_id)
    assert copy.read_bytes() == disk.read_bytes()
    glance("image-delete", image_id)
    assert image_id not in glance("image-list")


@of_compute
def test_shade_uploads_and_changes_an_image_that_compute_shows(
    cloud: Cloud, tmp_path: Path
) -> None:
    disk, copy = tmp_path / "disk.raw", tmp_path / "copy.raw"
    disk.write_bytes(os.urandom(70_000))
    name = f"shade {uuid.uuid4()}"
    seen = json.loads(run(cloud, "shade", "python", "-c", SHADE, name, str(disk), str(copy)))
    assert seen["status"] == "active"
    assert seen["again"] == seen["id"], "an image with the same checksum was created again"
    assert seen["found"] == [seen["id"]]
    assert copy.read_bytes() == disk.read_bytes()
    metadata = shown_by_compute(cloud, seen["id"])["metadata"]
    assert (metadata["os_distro"], metadata["hw_disk_bus"]) == ("debian", "scsi")
    run(cloud, "shade", "python", "-c", SHADE_DELETE, name)
    assert cloud.request("owner", "GET", f"/v2.1/images/{seen['id']}").status == 404


def shown_by_compute(cloud: Cloud, image_id: str) -> dict[str, Any]:
    response = cloud.request("owner", "GET", f"/v2.1/images/{image_id}")
    assert response.status == 200, str(response)
    image: dict[str, Any] = response.json()["image"]
    return image
