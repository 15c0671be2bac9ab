"""`python -m tests.clients.install` installs the clients below .venv-clients.

Each directory here with a requirements.txt (exact versions), a package-lock.json, an images.go or a
collection.txt gets an environment. It is created again only when that file changes. Arguments name
the clients to install. Programs and libraries that are in none of these files come from Debian,
whose packages are installed if root runs this. Each installation prints a line when it begins.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.virtual_environments import CHECKOUT, announce, install

HERE = Path(__file__).parent
ENVIRONMENTS = CHECKOUT / ".venv-clients"
MAX_THREADS = 4  # installations mostly wait for the network
_COLLECTION = "ansible_collections/openstack/"
GO_SOURCES = "/usr/share/gocode"  # of Debian's Go libraries
# The package of the client in each directory with a requirements.txt
PACKAGES = {
    "ansible": "ansible-core",
    "glance": "python-glanceclient",
    "libcloud": "apache-libcloud",
    "nova": "python-novaclient",
    "openstack": "python-openstackclient",
    "openstacksdk-0.9": "openstacksdk",
    "shade": "shade",
    "tempest": "tempest",
}
# The Debian packages of clients: the client, a package, and a command that succeeds if it is there
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
    """Return the directory of a client's programs."""
    return ENVIRONMENTS / client / "bin"


def install_environment(requirements: Path, directory: Path) -> None:
    """Create the virtual environment of a Python client, unless it is there already."""
    install(requirements, directory, (PACKAGES[requirements.parent.name],))


def install_packages(lock: Path, directory: Path) -> None:
    """Install the packages of npm's lock file in `directory`, unless they are there already."""
    stamp = directory / "installed.txt"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    wanted = json.loads(lock.with_name("package.json").read_text())["dependencies"]
    announce(f"Installing {' and '.join(' '.join(each) for each in wanted.items())}")
    for file in (lock, lock.with_name("package.json")):
        shutil.copy(file, directory)
    command = ["npm", "clean-install", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run([*command, "--loglevel=error"], check=True, cwd=directory)
    stamp.write_bytes(lock.read_bytes())


def build(source: Path, directory: Path) -> None:
    """Build a Go program in ``directory/bin`` with Debian's libraries.

    Go does nothing if `source` has not changed.
    """
    modules = {"GO111MODULE": "off", "GOPATH": GO_SOURCES, "GOCACHE": str(ENVIRONMENTS / "go")}
    program = directory / "bin" / source.stem
    command = ["go", "build", "-o", str(program), str(source)]
    if not program.exists():
        announce(f"Building the program of {source.parent.name}")
    subprocess.run(command, check=True, env={**os.environ, **modules})


def unpack_collection(requirement: Path, directory: Path) -> None:
    """Unpack Ansible's collection openstack.cloud, unless it is there already.

    `requirement` names the version of the package ``ansible``, which has 500 MB, 1 of them for this
    collection. It gets a directory of its own, with ``-collections`` after the name, since an
    installation clears `directory`.
    """
    target = directory.with_name(f"{directory.name}-collections")
    stamp = target / "installed.txt"
    if stamp.exists() and stamp.read_bytes() == requirement.read_bytes():
        return
    shutil.rmtree(target, ignore_errors=True)
    announce(f"Installing the collection of {requirement.read_text().strip().replace('==', ' ')}")
    with tempfile.TemporaryDirectory() as downloads:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", downloads]
        subprocess.run([*command, "-r", str(requirement)], check=True)
        (wheel,) = Path(downloads).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.startswith(_COLLECTION)]
            archive.extractall(target, names)
    stamp.write_bytes(requirement.read_bytes())


def install_from_debian(clients: Collection[str]) -> None:
    """Install missing Debian packages; exit with the command to run if that fails."""
    checks = {package: check for client, package, check in DEBIAN if client in clients}
    missing = [
        package
        for package, check in checks.items()
        if subprocess.run(check, check=False, shell=True, capture_output=True).returncode
    ]
    if not missing:
        return
    announce(f"Installing {', '.join(missing)} from Debian")
    command = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *missing]
    try:
        subprocess.run(["apt-get", "update", "-q"], check=True)
        subprocess.run(command, check=True)
    except (OSError, subprocess.CalledProcessError):
        sys.exit(f"These are needed; on Debian, as root: apt-get install {' '.join(missing)}")


def main() -> int:
    """Install the clients named on the command line, or all; return the exit status."""
    clients = sys.argv[1:] or sorted(path.name for path in HERE.iterdir() if path.is_dir())
    install_from_debian(clients)
    installers = {
        "requirements.txt": install_environment,
        "package-lock.json": install_packages,
        "images.go": build,
        "collection.txt": unpack_collection,
    }
    with ThreadPoolExecutor(MAX_THREADS) as threads:
        installations = [
            threads.submit(installer, HERE / client / file, ENVIRONMENTS / client)
            for client in clients
            for file, installer in installers.items()
            if (HERE / client / file).exists()
        ]
    for installation in installations:
        installation.result()
    return 0


if __name__ == "__main__":
    sys.exit(main())
