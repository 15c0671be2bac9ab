"""The ``glimpse`` command: runs a subcommand, and prints errors without a traceback."""

import argparse
import importlib
import sys
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from typing import Protocol, cast

from glimpse import __version__
from glimpse.cli.errors import CommandFailed
from glimpse.cli.help_texts import epilog
from glimpse.cli.standard_streams import (
    discard_output,
    flush_output,
    open_closed_streams,
    print_error,
)
from glimpse.settings import InvalidSettings

# The help of each subcommand. Only the subcommand that runs is imported, because some load slowly.
COMMANDS: Mapping[str, str] = {
    "serve": "serve the APIs (what a bare `glimpse` does)",
    "openrc": "print shell variables for a user's clients to log in with",
    "clouds": "print a clouds.yaml with all users",
    "check": "say whether a configuration would work, and what it means",
    "healthcheck": "ask the running process for its health, as a container does",
    "user": "add, list and remove users of the embedded identity",
    "project": "add, list and remove its projects",
    "load": "create image records from JSON lines of Image API documents",
    "dump": "print the records of all images, for glimpse load",
    "sample-config": "print a configuration file with every option",
    "completion": "print a script with which a shell completes the command",
}
_DEFAULT = "serve"
_INTERRUPTED = 130  # a shell's status of a command that SIGINT ended
_BROKEN_PIPE = 141  # a shell's status of a command that SIGPIPE ended


class Subcommand(Protocol):
    """The functions that the module of a subcommand has."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments of the subcommand."""
        ...

    def run(self, options: argparse.Namespace) -> int:
        """Run the subcommand, and return the exit status.

        Raises CommandFailed if the command fails, InvalidSettings if the configuration is invalid,
        OSError if a file cannot be used, and UnicodeEncodeError if an argument is not valid text;
        `main` prints these. Raises BrokenPipeError if the output is a pipe that nobody reads,
        KeyboardInterrupt at SIGINT, and SystemExit if SIGTERM interrupts work that must be undone.
        """
        ...


def main(arguments: list[str] | None = None) -> int:
    """Run the subcommand in `arguments`, by default ``serve``; return the exit status.

    If `arguments` is None, uses the arguments of the process. If the subcommand raises
    CommandFailed, InvalidSettings, OSError or UnicodeEncodeError, prints the error on standard
    error, and returns 1. Returns 130 if SIGINT interrupts the subcommand (a server that SIGINT
    stops returns 0), and 141 if the output is a pipe that nobody reads. Raises SystemExit for
    ``--help``, ``--version`` and invalid arguments, and with the status 143 if SIGTERM interrupts a
    dump or a seed. Raises other errors of the subcommand, which are bugs, unchanged.
    """
    open_closed_streams()
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except (CommandFailed, InvalidSettings) as error:
        messages = [str(each) for each in error.args]
    except BrokenPipeError:  # for example in `glimpse dump | head`
        discard_output()
        return _BROKEN_PIPE
    except UnicodeEncodeError as error:  # not of the output: `print_output` names that
        text = error.object[error.start : error.end]
        messages = [f"{text!a} is not valid text in the encoding {error.encoding}"]
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        messages = [f"{error.strerror or error}{place}"]
    except KeyboardInterrupt:
        return _INTERRUPTED
    for message in messages:
        print_error(message)
    return 1


def _run(given: list[str]) -> int:
    """Run the subcommand in `given`, flush standard output, and return the exit status.

    The subcommand is ``serve`` if no word of `given` is a subcommand, ``-h``, ``--help`` or
    ``--version``. Raises CommandFailed for an argument with a NUL character, SystemExit for
    ``--help``, ``--version`` and invalid arguments, and the errors of `Subcommand.run`. If the
    subcommand has not failed, but the output cannot be written, raises CommandFailed or
    BrokenPipeError.
    """
    if invalid := next((word for word in given if "\0" in word), None):
        raise CommandFailed(f"an argument contains a NUL character: {invalid!r}")
    if not any(word in COMMANDS or word in ("-h", "--help", "--version") for word in given):
        given = [_DEFAULT, *given]
    try:
        options = make_parser(given[0]).parse_args(given)
        status = _module(options.command).run(options)
    except BaseException as error:
        is_help = isinstance(error, SystemExit) and not error.code
        # If the command failed, that is the reason to report.
        with nullcontext() if is_help else suppress(CommandFailed, BrokenPipeError):
            flush_output()
        raise
    flush_output()
    return status


def make_parser(*given: str) -> argparse.ArgumentParser:
    """Make a parser that knows all subcommands, and the arguments of those in `given`.

    The modules of other subcommands are not imported. Text in `given` that is not a subcommand is
    ignored.
    """
    parser = argparse.ArgumentParser(
        prog="glimpse", description="OpenStack Compute's Images API, on its own."
    )
    parser.add_argument("--version", action="version", version=f"glimpse {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        added = commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=epilog(name),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name in given:
            _module(name).add_arguments(added)
    return parser


def _module(command: str) -> Subcommand:
    return cast("Subcommand", importlib.import_module(f"glimpse.cli.{command.replace('-', '_')}"))
