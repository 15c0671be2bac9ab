"""`python -m tests.clients.install` makes the clients' environments below .venv-clients.

Each directory here with a requirements.txt (exact versions) becomes one environment; it is made
again only when that file changes.
"""

import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent.parent / ".venv-clients"


def programs(client: str) -> Path:
    """The directory of a client's programs."""
    return ENVIRONMENTS / client / "bin"


def install(requirements: Path) -> None:
    """Make the environment of one requirements file, unless it is there and up to date."""
    directory = ENVIRONMENTS / requirements.parent.name
    stamp = directory / "installed.txt"
    if stamp.exists() and stamp.read_bytes() == requirements.read_bytes():
        return
    venv.create(directory, clear=True, with_pip=True)
    python = directory / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "-r"]
    subprocess.run([*command, str(requirements)], check=True)
    stamp.write_bytes(requirements.read_bytes())


def main() -> int:
    """Install every client; returns the exit status."""
    for requirements in sorted(HERE.glob("*/requirements.txt")):
        install(requirements)
    return 0


if __name__ == "__main__":
    sys.exit(main())
