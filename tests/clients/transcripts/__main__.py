"""`python -m tests.clients.transcripts peers` writes what commands print on a real cloud.

It runs all transcripts, or those named after ``peers``, against a real Keystone and Glance, and
writes the files of this directory. With ``embedded`` in place of ``peers``, it prints them.
"""

import sys
import tempfile
from pathlib import Path

from tests.clients.transcripts.clouds import TRANSCRIPTS, path_of, run_transcript, start


def main() -> int:
    """Run the transcripts; return the exit status."""
    kind, *names = sys.argv[1:]
    for name in names or TRANSCRIPTS:
        with (
            tempfile.TemporaryDirectory() as directory,
            start(kind, Path(directory) / "cloud") as (cloud, uri),
        ):
            printed = run_transcript(cloud, uri, name, Path(directory))
        if kind == "peers":
            path_of(name).write_text(printed)
        else:
            sys.stdout.write(printed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
