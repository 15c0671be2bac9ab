"""`make serve` in a fresh checkout installs what serving needs, and no more."""

from pathlib import Path

import pytest

from tests.distribution.packages import copy_checkout, locked_versions, make, run

pytestmark = pytest.mark.dist


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which `make serve` has run."""
    directory = tmp_path_factory.mktemp("checkout")
    copy_checkout(directory)
    printed = make(directory, "serve", "ARGS=--help")
    steps = [line for line in printed.splitlines() if line.endswith(" ...")]
    assert steps == [
        "Making the environment .venv ...",
        f"Installing {len(locked_versions())} libraries in .venv ...",
        "Installing Glimpse in .venv ...",
    ]
    assert "usage: glimpse serve" in printed
    return directory


def test_make_serve_installs_the_locked_libraries_and_glimpse_only(checkout: Path) -> None:
    listed = run(checkout / ".venv" / "bin", "pip", "list", "--format=freeze", "--exclude=pip")
    found = {_normalized(line) for line in listed.split() if not line.startswith("openstack")}
    assert "openstack-glimpse==" in listed
    assert found == {*locked_versions()}


def test_make_serve_installs_nothing_the_second_time(checkout: Path) -> None:
    planned = make(checkout, "--dry-run", "serve", "ARGS=--help").splitlines()
    assert planned == [".venv/bin/glimpse serve --help"]


def _normalized(line: str) -> str:
    """Return `name==version` with the name as in the lock file."""
    name, _, version = line.partition("==")
    return f"{name.lower().replace('_', '-').replace('.', '-')}=={version}"
