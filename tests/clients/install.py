"""`python -m tests.clients.install` makes the clients' environments below .venv-clients.

Each directory here with a requirements.txt (exact versions) becomes one environment; it is made
again only when that file changes.
"""

import sys
from pathlib import Path

from tests.support.environments import CHECKOUT, install

ENVIRONMENTS = CHECKOUT / ".venv-clients"


def programs(client: str) -> Path:
    """The directory of a client's programs."""
    return ENVIRONMENTS / client / "bin"


def main() -> int:
    """Install every client; returns the exit status."""
    for requirements in sorted(Path(__file__).parent.glob("*/requirements.txt")):
        install(requirements, ENVIRONMENTS / requirements.parent.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
