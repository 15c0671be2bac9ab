"""``glimpse completion``: print a script with which a shell completes the command."""

import argparse
from collections.abc import Iterator

import shtab

from glimpse.cli.main import COMMANDS, make_parser
from glimpse.cli.standard_streams import print_output

_SHELLS = ("bash", "zsh", "tcsh")
_COMPLETED = {"FILE": shtab.FILE, "DIR": shtab.DIRECTORY}  # by the metavar of an argument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the argument of ``glimpse completion``: SHELL."""
    parser.add_argument("shell", choices=_SHELLS, help="shell that reads the script")


def run(options: argparse.Namespace) -> int:
    """Print a script with which a shell completes ``glimpse`` commands, and return 0.

    The script does not run Glimpse. Raises CommandFailed if the output cannot be written, and
    BrokenPipeError if the output is a pipe that nobody reads.
    """
    parser = make_parser(*COMMANDS)
    for action in _actions(parser):
        if isinstance(action.metavar, str) and action.metavar in _COMPLETED:
            action.complete = _COMPLETED[action.metavar]  # type: ignore[attr-defined]
    print_output(f"{shtab.complete(parser, options.shell)}\n")
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield all arguments of `parser` and, recursively, of its subcommands."""
    for action in parser._actions:  # noqa: SLF001  argparse lists them nowhere else
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001  likewise
            for subparser in action.choices.values():
                yield from _actions(subparser)
