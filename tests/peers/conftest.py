"""Fixtures: a gateway in front of real services, and embedded services to compare with."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.identity_pair import IdentityPair, IdentitySide
from tests.peers.peer_gateway import PeerGateway
from tests.peers.service_pair import ServicePair
from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.process import GlimpseProcess

OWNER = Member("owner", f"{0xA:032x}")
COLLECTOR = Member("collector", f"{0xB:032x}")
STRANGER = Member("stranger", f"{0x57:032x}")
ADMIN = Member("boss", f"{0xAD:032x}", ("admin",))
USERS = (OWNER, COLLECTOR, STRANGER, ADMIN)
IDENTITY_USERS = [
    Member("chief", f"{1:032x}", ("admin",)),
    Member("worker", f"{2:032x}", ("member",)),
    Member("guest", f"{3:032x}", ("reader",)),
]
DATES = {"created_at": "2024-02-01T10:20:30Z", "updated_at": "2024-03-01T11:21:31Z"}


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeerGateway]:
    directory = tmp_path_factory.mktemp("gateway") / "peers"
    with PeerGateway.start_all(directory, USERS) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def services(cloud: PeerGateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServicePair]:
    """The real services of `cloud`, and embedded services with the same users."""
    state_dir = tmp_path_factory.mktemp("native") / "state"
    seed_identity(state_dir, USERS)
    conf = state_dir.parent / "glimpse.conf"
    # As in the real Glance, whose option allowed_hosts also permits addresses
    lines = ["[import]", "allowed_hosts = 127.0.0.1", "allowed_networks = 127.0.0.1"]
    conf.write_text("\n".join([*lines, "allowed_ports =", ""]))
    with GlimpseProcess(state_dir, arguments=["--config-file", str(conf)]) as process:
        yield ServicePair(cloud, EmbeddedCloud(process))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityPair]:
    """A real Keystone and the embedded identity, both with the users IDENTITY_USERS."""
    directory: Path = tmp_path_factory.mktemp("assignments")
    seed_identity(directory / "state", IDENTITY_USERS)
    with (
        PeerGateway.start_all(directory / "peers", IDENTITY_USERS) as real,
        GlimpseProcess(directory / "state") as process,
    ):
        names = [member.name for member in IDENTITY_USERS]
        yield IdentityPair(
            *(
                IdentitySide(url, names)
                for url in (real.identity_url, EmbeddedCloud(process).identity_url)
            )
        )


@pytest.fixture
def image(cloud: PeerGateway) -> str:
    """The id of a new image of OWNER with one property."""
    image_id = str(uuid.uuid4())
    document = {"id": image_id, "name": "gateway", "status": "active", "size": 7, "key1": "value1"}
    cloud.put_images([{**document, **DATES, "owner": OWNER.project_id}])
    return image_id
