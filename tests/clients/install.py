"""`python -m tests.clients.install` makes the clients' environments below .venv-clients.

Each directory here with a requirements.txt (exact versions), a package-lock.json or an images.go
becomes one environment; it is made again only when that file changes. Arguments name the only ones
to make. What is not of such a registry is Debian's: missing packages are installed, if it may.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.virtual_environments import CHECKOUT, install

HERE = Path(__file__).parent
ENVIRONMENTS = CHECKOUT / ".venv-clients"
AT_ONCE = 4  # they wait for the network most of the time
GO_SOURCES = "/usr/share/gocode"  # where Debian puts Go libraries
# What clients and their tests need of the system: the client, the package, and how to see it
DEBIAN = (
    ("openstack", "qemu-utils", "command -v qemu-img"),
    ("pkgcloud", "npm", "command -v npm"),
    ("fog", "ruby-fog-openstack", "ruby -e 'require \"fog/openstack\"'"),
    ("gophercloud", "golang-go", "command -v go"),
    (
        "gophercloud",
        "golang-github-gophercloud-gophercloud-dev",
        f"test -d {GO_SOURCES}/src/github.com/gophercloud/gophercloud",
    ),
    ("goose", "golang-go", "command -v go"),
    ("goose", "golang-gopkg-goose.v1-dev", f"test -d {GO_SOURCES}/src/gopkg.in/goose.v1"),
)


def programs(client: str) -> Path:
    """The directory of a client's programs."""
    return ENVIRONMENTS / client / "bin"


def install_packages(lock: Path, directory: Path) -> None:
    """Make `directory` what npm's lock file says, unless it is that already."""
    stamp = directory / "installed.txt"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for file in (lock, lock.with_name("package.json")):
        shutil.copy(file, directory)
    command = ["npm", "clean-install", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run([*command, "--loglevel=error"], check=True, cwd=directory)
    stamp.write_bytes(lock.read_bytes())


def build(source: Path, directory: Path) -> None:
    """Build a Go program into the directory's ``bin``, with Debian's libraries; Go knows when."""
    modules = {"GO111MODULE": "off", "GOPATH": GO_SOURCES, "GOCACHE": str(ENVIRONMENTS / "go")}
    command = ["go", "build", "-o", str(directory / "bin" / source.stem), str(source)]
    subprocess.run(command, check=True, env={**os.environ, **modules})


def install_from_debian(clients: Collection[str]) -> None:
    """Install the packages that are missing; SystemExit with what to type if that fails."""
    needed = {package: seen for client, package, seen in DEBIAN if client in clients}
    missing = [
        package
        for package, seen in needed.items()
        if subprocess.run(seen, check=False, shell=True, capture_output=True).returncode
    ]
    if not missing:
        return
    command = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *missing]
    try:
        subprocess.run(["apt-get", "update", "-q"], check=True)
        subprocess.run(command, check=True)
    except (OSError, subprocess.CalledProcessError):
        sys.exit(f"These are needed; on Debian, as root: apt-get install {' '.join(missing)}")


def main() -> int:
    """Install the clients named by the command line, or all; returns the exit status."""
    clients = sys.argv[1:] or sorted(each.name for each in HERE.iterdir() if each.is_dir())
    install_from_debian(clients)
    makers = {
        "requirements.txt": install,
        "package-lock.json": install_packages,
        "images.go": build,
    }
    with ThreadPoolExecutor(AT_ONCE) as threads:
        made = [
            threads.submit(make, HERE / client / file, ENVIRONMENTS / client)
            for client in clients
            for file, make in makers.items()
            if (HERE / client / file).exists()
        ]
    for each in made:
        each.result()
    return 0


if __name__ == "__main__":
    sys.exit(main())
