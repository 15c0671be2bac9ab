"""`python -m tests.clients.install` makes the clients' environments below .venv-clients.

Each directory here with a requirements.txt (exact versions) or a package-lock.json becomes one
environment; it is made again only when that file changes. Arguments name the only ones to make.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.environments import CHECKOUT, install

HERE = Path(__file__).parent
ENVIRONMENTS = CHECKOUT / ".venv-clients"


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


def main() -> int:
    """Install the clients named by the command line, or all; returns the exit status."""
    for client in sys.argv[1:] or sorted(each.name for each in HERE.iterdir() if each.is_dir()):
        for file, make in (
            ("requirements.txt", install),
            ("package-lock.json", install_packages),
        ):
            if (HERE / client / file).exists():
                make(HERE / client / file, ENVIRONMENTS / client)
    return 0


if __name__ == "__main__":
    sys.exit(main())
