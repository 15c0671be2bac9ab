"""`python -m tests.peers.install` installs Keystone and Glance into .venv-peers.

It is done again only when requirements.txt (exact versions) changes. They need a Python of their
own releases' liking: the one that runs this does.
"""

import sys
from pathlib import Path

from tests.support.virtual_environments import CHECKOUT, install

ENVIRONMENT = CHECKOUT / ".venv-peers"
PROGRAMS = ENVIRONMENT / "bin"


def main() -> int:
    """Install both; returns the exit status."""
    install(Path(__file__).with_name("requirements.txt"), ENVIRONMENT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
