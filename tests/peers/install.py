"""`python -m tests.peers.install` installs Keystone and Glance into .venv-peers.

It does nothing if requirements.txt has not changed since. The environment has the Python that runs
this command.
"""

import sys
from pathlib import Path

from tests.support.virtual_environments import CHECKOUT, install

ENVIRONMENT = CHECKOUT / ".venv-peers"
PROGRAMS = ENVIRONMENT / "bin"


def main() -> int:
    """Install both; return the exit status."""
    requirements = Path(__file__).with_name("requirements.txt")
    install(requirements, ENVIRONMENT, ("keystone", "glance"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
