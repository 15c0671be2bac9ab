"""The cloud of the acceptance tests: one process per test worker, users for every role."""

import time
from collections.abc import Iterator

import pytest

from tests.acceptance.tenancy import CALLERS
from tests.support.cloud import EmbeddedCloud, Member, issue_token, seed_identity
from tests.support.process import GlimpseProcess

PROJECTS = {name: f"{number:032x}" for number, name in enumerate(CALLERS, 1)}
MEMBERS = [
    Member(name, project, ("admin",) if name == "admin" else ("member", "reader"))
    for name, project in PROJECTS.items()
]


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    state_dir = tmp_path_factory.mktemp("acceptance") / "state"
    seed_identity(state_dir, MEMBERS)
    with GlimpseProcess(state_dir) as process:
        yield EmbeddedCloud(process)


@pytest.fixture(scope="session")
def expired_token(cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A token of the owner's that was valid until a moment ago.

    A second process on the same state issues it: with tokens that live for one second.
    """
    settings = tmp_path_factory.mktemp("short") / "short.conf"
    settings.write_text("[embedded]\ntoken_expiration = 1\n")
    arguments = ["--config-file", str(settings)]
    with GlimpseProcess(cloud.state_dir, arguments=arguments) as process:
        token = issue_token(f"{process.base_url}/identity", "owner")
    time.sleep(2)
    return token
