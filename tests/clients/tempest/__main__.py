"""Runs Tempest's tests of the Image and Identity APIs, and prints its output.

    python -m tests.clients.tempest embedded test_images_tags   # against Glimpse: names with this
    python -m tests.clients.tempest peers test_images_tags      # against a real Keystone and Glance
    python -m tests.clients.tempest peers --record              # all; write what has to pass

Before, run `python -m tests.clients.install tempest`, and for peers
`python -m tests.peers.install`.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.clients.tempest.clouds import start
from tests.clients.tempest.configuration import write_configuration
from tests.clients.tempest.expectations import RECORDED, REGEX, record
from tests.clients.tempest.runner import run


def main() -> int:
    """Run the tests named on the command line; return the exit status."""
    parser = argparse.ArgumentParser("python -m tests.clients.tempest")
    parser.add_argument("cloud", choices=("embedded", "peers"))
    parser.add_argument("regex", nargs="?", default=REGEX, help="a part of the tests' names")
    parser.add_argument("--record", action="store_true", help=f"write {RECORDED.name}")
    arguments = parser.parse_args()
    if arguments.record and arguments.regex != REGEX:
        parser.error("--record needs the outcomes of all tests: name none")
    with (
        tempfile.TemporaryDirectory() as directory,
        start(arguments.cloud, Path(directory) / "cloud") as target,
    ):
        # One process: on SQLite, Keystone responds 500 to some of two concurrent writes.
        results = run(write_configuration(Path(directory), target), regex=arguments.regex)
    sys.stdout.write(f"{results.output}\n{results}\n")
    if arguments.record:
        record(results.outcomes)
    return 1 if results.names("FAILED") else 0


if __name__ == "__main__":
    sys.exit(main())
