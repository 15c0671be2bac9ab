"""Property protections of Glance: a gateway that reads its database would not apply them.

So a gateway that sees the option of Glance does not start with [glance_database].
"""

import json
import uuid
from collections.abc import Iterator

import pytest

from tests.peers.conftest import ADMIN, DATES, OWNER
from tests.peers.peer_cloud import PeerCloud
from tests.peers.peer_gateway import PeerGateway
from tests.support.process import run_glimpse

pytestmark = pytest.mark.peers
PROTECTIONS = """
[^licence$]
create = admin
read = admin
update = admin
delete = admin
[.*]
create = @
read = @
update = @
delete = @
"""
DATABASE = "[glance_database]\nconnection = mysql+pymysql://glimpse:secret@127.0.0.1:1/glance\n"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeerGateway]:
    """A gateway that asks a Glance in which only admins see the property ``licence``."""
    directory = tmp_path_factory.mktemp("protections")
    protections = directory / "protections.conf"
    protections.write_text(PROTECTIONS)
    options = f"[DEFAULT]\nproperty_protection_file = {protections}"
    with PeerCloud.start(directory / "peers", glance_options=options) as peers:
        peers.add_members([OWNER, ADMIN])
        with PeerGateway.start(peers) as gateway:
            yield gateway


@pytest.fixture(scope="module")
def image(cloud: PeerGateway) -> str:
    image_id = str(uuid.uuid4())
    document = {
        "id": image_id,
        "name": "x",
        "status": "active",
        "size": 7,
        "owner": OWNER.project_id,
    }
    cloud.put_images([{**document, **DATES, "licence": "secret", "open": "known"}])
    return image_id


def test_through_glance_only_an_admin_sees_a_protected_property(
    cloud: PeerGateway, image: str
) -> None:
    for user, expected in ((OWNER, {"open"}), (ADMIN, {"open", "licence"})):
        shown = cloud.request(user.name, "GET", f"/v2.1/images/{image}").json()["image"]
        detail = cloud.request(user.name, "GET", "/v2.1/images/detail").json()["images"]
        assert shown["metadata"].keys() == expected, user
        assert [each["metadata"].keys() for each in detail] == [expected], user


def test_through_glance_only_an_admin_changes_a_protected_property(
    cloud: PeerGateway, image: str
) -> None:
    body = json.dumps({"meta": {"licence": "other"}}).encode()
    path = f"/v2.1/images/{image}/metadata/licence"
    response = cloud.request(OWNER.name, "PUT", path, body)
    assert (response.status, response.fault) == (403, "forbidden"), str(response)


@pytest.mark.parametrize("command", ["serve", "check"])
def test_a_gateway_with_that_glances_configuration_refuses_to_read_its_database(
    command: str, cloud: PeerGateway
) -> None:
    conf = cloud.peers.directory / "nova-database.conf"
    conf.write_text((cloud.peers.directory / "nova.conf").read_text() + DATABASE)
    files = ["--config-file", str(conf), "--config-file", str(cloud.peers.glance_conf)]
    done = run_glimpse(command, "--state-dir", str(cloud.peers.directory / "refused"), *files)
    assert done.returncode == 1, done.stdout + done.stderr
    printed = " ".join(f"{done.stdout}{done.stderr}".split())
    assert "[glance_database] property_protection_file is set" in printed
    assert "remove [glance_database] connection" in printed
