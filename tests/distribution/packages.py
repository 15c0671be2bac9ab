"""Builds of `make dist` in copies of the checkout, and environments to install them in."""

import ast
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.virtual_environments import CHECKOUT

_BUILD = CHECKOUT / ".venv-build"
# What only extras need: drivers of databases, the client of memcached, and pytest.
EXTRAS = frozenset(
    ("asyncmy", "asyncpg", "openstack", "psycopg2", "pymemcache", "pymysql", "pytest")
)
_EPOCH = 1_700_000_000
# Without the path of the sources, so that only what is installed can be imported, and without what
# a `make` that runs the tests tells those below it.
_LEFT_OUT = ("PYTHONPATH", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}


def tracked_files() -> list[str]:
    """Return the paths of the files that git has, in the checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=CHECKOUT, check=True, capture_output=True, text=True
    )
    return [name for name in listed.stdout.split("\0") if (CHECKOUT / name).is_file()]


def copy_checkout(directory: Path, *, modified_at: int = _EPOCH) -> None:
    """Copy what git has to `directory`; all files there were modified at that Unix time."""
    for name in tracked_files():
        copy = directory / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, copy)
        os.utime(copy, (modified_at, modified_at))


def build(directory: Path, *, modified_at: int) -> dict[str, Path]:
    """Run `make dist` in a copy of the checkout; return the archives by their suffix.

    `copy_checkout` makes the copy.
    """
    copy_checkout(directory, modified_at=modified_at)
    make(directory, "dist", f"BUILD={_BUILD}", "-o", str(_BUILD / ".installed"))
    return {path.suffix: path for path in (directory / "dist").iterdir()}


def make(directory: Path, *arguments: str) -> str:
    """Run `make` in `directory`, and return its output; fail unless it exits with 0."""
    return run_command(
        ["make", *arguments], directory, ENVIRONMENT | {"SOURCE_DATE_EPOCH": str(_EPOCH)}
    )


def locked_versions() -> list[str]:
    """Return the libraries that serving needs, as `name==version`."""
    locked = (CHECKOUT / "requirements" / "runtime.txt").read_text()
    return re.findall(r"^[\w-]+==\S+", locked, re.MULTILINE)


def imported_libraries() -> list[str]:
    """Return each import of a library in the package, as a statement, sorted.

    Imports in functions are among them; those of extras are not.
    """
    found: set[str] = set()
    for source in (CHECKOUT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import):
                found |= {f"import {alias.name}" for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found |= {f"from {node.module} import {alias.name}" for alias in node.names}
    left_out = sys.stdlib_module_names | EXTRAS | {"glimpse"}
    return sorted(each for each in found if each.split()[1].partition(".")[0] not in left_out)


def install(archive: Path, directory: Path) -> Path:
    """Install `archive` into a new environment in `directory`; return its programs' directory.

    Its dependencies come from the package index, in the locked versions.
    """
    venv.create(directory, with_pip=True)
    constraints = directory / "constraints.txt"
    constraints.write_text("\n".join(locked_versions()))
    run(directory / "bin", "pip", "install", "--quiet", "-c", str(constraints), str(archive))
    return directory / "bin"


def run(programs: Path, program: str, *arguments: str) -> str:
    """Run a program of an environment, and return its output; fail unless it exits with 0."""
    return run_command([str(programs / program), *arguments], programs, ENVIRONMENT)


def run_command(command: Sequence[str], directory: Path, environment: Mapping[str, str]) -> str:
    """Run a command in `directory`, and return its output; fail unless it exits with 0."""
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
