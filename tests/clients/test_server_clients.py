"""Unmodified clients make servers and snapshots in a cloud that has servers.

Run `python -m tests.clients.install` first.
"""

import json
import uuid
from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import MEMBERS
from tests.acceptance.tenancy import PROJECTS
from tests.clients.test_clients import DATES, run
from tests.support.cloud import Cloud, EmbeddedCloud, seed_identity
from tests.support.process import GlimpseProcess
from tests.support.servers import seed_servers

pytestmark = pytest.mark.clients
IMAGE = {"name": "base", "status": "active", "size": 7, "owner": PROJECTS["owner"], **DATES}
SDK = """
import json, openstack
cloud = openstack.connect()
image = cloud.image.find_image("base")
server = cloud.compute.create_server(
    name="sdk", image_id=image.id, flavor_id=cloud.compute.find_flavor("m1.tiny").id)
server = cloud.compute.wait_for_server(server)
snapshot = cloud.create_image_snapshot("of sdk", server, wait=True, key="value")
found = [each.id for each in cloud.image.images(instance_uuid=server.id)]
cloud.delete_server("sdk", wait=True)
print(json.dumps({
    "is_found": found == [snapshot.id], "status": snapshot.status,
    "key": snapshot.properties["key"],
    "left": [each.name for each in cloud.compute.servers() if each.name == "sdk"]}))
"""
LIBCLOUD = """
import os, sys
from libcloud.compute.providers import get_driver
driver = get_driver("openstack")(
    os.environ["OS_USERNAME"], os.environ["OS_PASSWORD"], ex_force_auth_version="3.x_password",
    ex_force_auth_url=os.environ["OS_AUTH_URL"].removesuffix("/v3"), api_version="1.1",
    ex_tenant_name=os.environ["OS_PROJECT_NAME"],
    ex_domain_name="Default", ex_force_service_region="RegionOne", ex_force_base_url=sys.argv[1])
(size,) = driver.list_sizes()
image = next(each for each in driver.list_images() if each.name == "base")
node = driver.create_node(name="libcloud", size=size, image=image)
assert node.id in [each.id for each in driver.list_nodes()]
snapshot = driver.create_image(node, "of libcloud", {"key": "value"})
assert snapshot.name == "of libcloud", snapshot
assert driver.destroy_node(node) is True
print(size.name, size.ram)
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud in which servers can be made of the image ``base``, and snapshots take no time."""
    directory = tmp_path_factory.mktemp("servers")
    seed_identity(directory / "state", MEMBERS)
    seed_servers(directory / "state", [], [{"id": str(uuid.uuid4()), **IMAGE}])
    settings = directory / "glimpse.conf"
    settings.write_text("[embedded]\nsnapshot_seconds = 0\n")
    arguments = ["--config-file", str(settings)]
    with GlimpseProcess(directory / "state", arguments=arguments) as process:
        yield EmbeddedCloud(process)


def test_openstackclient_makes_a_server_and_a_snapshot(cloud: Cloud) -> None:
    def openstack(*arguments: str) -> str:
        return run(cloud, "openstack", "openstack", *arguments)

    created = openstack(
        *("server", "create", "osc", "--image", "base", "--flavor", "m1.tiny", "-f", "json")
    )
    server = json.loads(created)
    assert (server["status"], server["name"]) == ("ACTIVE", "osc")
    assert "osc ACTIVE {} base m1.tiny" in openstack("server", "list", "-f", "value")
    openstack("server", "image", "create", "--name", "of osc", "--wait", "osc")
    snapshot = json.loads(openstack("image", "show", "of osc", "-f", "json"))
    assert snapshot["status"] == "active"
    assert snapshot["properties"]["instance_uuid"] == server["id"]
    assert snapshot["properties"]["owner_user_name"] == "owner"
    openstack("server", "delete", "--wait", "osc")
    assert "osc" not in openstack("server", "list", "-f", "value")


def test_novaclient_makes_a_server_and_a_snapshot(cloud: Cloud) -> None:
    def nova(*arguments: str) -> str:
        return run(cloud, "nova", "nova", *arguments)

    nova("boot", "--image", "base", "--flavor", "m1.tiny", "--poll", "nova")
    nova("image-create", "--poll", "--metadata", "key=value", "nova", "of nova")
    shown = nova("image-show", "of nova")
    assert " active " in shown, shown
    assert " value " in shown, shown
    nova("delete", "nova")
    assert "nova" not in nova("list")


def test_openstacksdk_makes_a_server_and_a_snapshot(cloud: Cloud) -> None:
    seen = json.loads(run(cloud, "openstack", "python", "-c", SDK))
    assert seen == {"is_found": True, "status": "active", "key": "value", "left": []}


def test_libcloud_makes_a_server_and_a_snapshot(cloud: Cloud) -> None:
    compute = f"{cloud.process.base_url}/v2.1"
    assert run(cloud, "libcloud", "python", "-c", LIBCLOUD, compute) == "m1.tiny 512\n"
