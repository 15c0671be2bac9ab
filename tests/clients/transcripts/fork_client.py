"""Runs commands of a Python client, each in a fork of this process, which is quick.

The Python of the client's environment runs this file. The arguments are the module with the
client's function ``main``, and a command that is run in this process first: it may fail, but loads
modules that the forks need, too.

Each line of standard input is a JSON object: ``command``, its words, and ``environment``, variables
to add. For each, a line of standard output has its output, with both streams, as a JSON string, and
its exit status: ``["...", 0]``.
"""

import contextlib
import importlib
import io
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence


def main() -> None:
    """Run the commands of standard input."""
    module = importlib.import_module(sys.argv[1])
    sys.argv = sys.argv[2:]
    with contextlib.suppress(SystemExit), contextlib.redirect_stderr(io.StringIO()):
        module.main()
    for line in sys.stdin:
        request = json.loads(line)
        result = run(module.main, request["command"], request["environment"])
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()


def run(
    client: Callable[[], object], command: Sequence[str], environment: Mapping[str, str]
) -> tuple[str, int]:
    """Run a command in a child process; return its output and its exit status."""
    with tempfile.TemporaryFile() as output:
        pid = os.fork()
        if pid == 0:
            for stream in (1, 2):
                os.dup2(output.fileno(), stream)
            # The client takes image data from standard input unless that is a terminal.
            os.dup2(os.openpty()[1], 0)
            os.environ.update(environment)
            sys.argv = list(command)
            _exit(client)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        output.seek(0)
        return output.read().decode(errors="backslashreplace"), status


def _exit(client: Callable[[], object]) -> None:
    """Run the client in this process, and end the process with its status."""
    status: object = 1
    try:
        status = client()
    except SystemExit as exit_:
        status = exit_.code
    except BaseException:  # noqa: BLE001  a fork must not go on as its parent does
        traceback.print_exc()
    if isinstance(status, str):
        sys.stderr.write(f"{status}\n")
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()
