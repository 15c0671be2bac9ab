"""Virtual environments: of the clients, and of the Keystone and Glance that tests run."""

import subprocess
import venv
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent.parent


def install(requirements: Path, directory: Path) -> None:
    """Create a virtual environment in `directory` with `requirements`, a file of versions.

    Do nothing if the environment has been created from the same requirements before.
    """
    stamp = directory / "installed.txt"
    if stamp.exists() and stamp.read_bytes() == requirements.read_bytes():
        return
    # With links: a copied interpreter that a program of another thread still has open for writing,
    # because it was started meanwhile, cannot be run ("Text file busy").
    venv.create(directory, clear=True, with_pip=True, symlinks=True)
    python = directory / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "-r"]
    subprocess.run([*command, str(requirements)], check=True)
    stamp.write_bytes(requirements.read_bytes())
