"""Virtual environments for programs that are not Glimpse's: clients, and the services behind it."""

import subprocess
import venv
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent.parent


def install(requirements: Path, directory: Path) -> None:
    """Make `directory` the environment of a file of exact versions, unless it is that already."""
    stamp = directory / "installed.txt"
    if stamp.exists() and stamp.read_bytes() == requirements.read_bytes():
        return
    venv.create(directory, clear=True, with_pip=True)
    python = directory / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "-r"]
    subprocess.run([*command, str(requirements)], check=True)
    stamp.write_bytes(requirements.read_bytes())
