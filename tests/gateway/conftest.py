"""Fixtures: the embedded cloud behind the gateways, one process for each test worker."""

import uuid
from collections.abc import Iterator

import pytest

from tests.support.cloud import EmbeddedCloud, Member, seed_identity
from tests.support.gateway import SERVICE
from tests.support.process import GlimpseProcess

OWNER = Member("owner", "1" * 32)
TIMEOUT = 2  # seconds: the timeout of these gateways for responses of Glance and Keystone


def image_document(name: str, **properties: str) -> dict[str, str]:
    """Return a public image whose document has more than 2,000 bytes."""
    date = "2024-02-01T10:20:30Z"
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
        "name": name,
        "status": "active",
        "visibility": "public",
        "owner": OWNER.project_id,
        "created_at": date,
        "updated_at": date,
        **{f"filling{number}": "x" * 250 for number in range(8)},
        **properties,
    }


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    state_dir = tmp_path_factory.mktemp("behind") / "state"
    seed_identity(state_dir, [OWNER, SERVICE])
    with GlimpseProcess(state_dir) as process:
        yield EmbeddedCloud(process)
