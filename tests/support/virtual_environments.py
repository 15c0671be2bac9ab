"""Virtual environments: of the clients, and of the Keystone and Glance that tests run."""

import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent.parent


def announce(text: str) -> None:
    """Print a line, at once, about something that takes a while."""
    sys.stdout.write(f"{text} ...\n")
    sys.stdout.flush()


def install(requirements: Path, directory: Path, packages: Sequence[str]) -> None:
    """Create a virtual environment in `directory` with `requirements`, a file of versions.

    Print a line with those of `packages`, for which it is created. Do nothing if the environment
    has been created from the same requirements before.
    """
    stamp = directory / "installed.txt"
    if stamp.exists() and stamp.read_bytes() == requirements.read_bytes():
        return
    pinned = dict(line.split("==") for line in requirements.read_text().split() if "==" in line)
    announce(f"Installing {' and '.join(f'{name} {pinned[name]}' for name in packages)}")
    # With links: a copied interpreter that a program of another thread still has open for writing,
    # because it was started meanwhile, cannot be run ("Text file busy").
    venv.create(directory, clear=True, with_pip=True, symlinks=True)
    python = directory / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "-r"]
    subprocess.run([*command, str(requirements)], check=True)
    stamp.write_bytes(requirements.read_bytes())
