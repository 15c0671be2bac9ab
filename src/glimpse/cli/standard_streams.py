"""Standard input, output and error of the command: opens closed ones, reports full ones."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, TextIO

from glimpse.cli.errors import CommandFailed
from glimpse.telemetry.redaction import sanitize

_INPUT, _OUTPUT, _ERROR = 0, 1, 2  # file descriptors


def open_closed_streams() -> None:
    """Open each standard stream that is closed, as by ``glimpse dump >&-``, with /dev/null.

    Otherwise, the next file that the process opens would become the stream. Afterwards, standard
    input is empty, and messages to standard error are lost. Writing to standard output raises
    OSError, because a command whose output is lost has not done its work.
    """
    for descriptor, flags in ((_INPUT, os.O_RDONLY), (_OUTPUT, os.O_RDONLY), (_ERROR, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:  # the descriptors below are open, so this one is assigned
            os.open(os.devnull, flags)
    if sys.stdin is None:
        sys.stdin = open(_INPUT, closefd=False)  # noqa: SIM115  open as long as the process
    if sys.stdout is None:
        sys.stdout = open(_OUTPUT, "w", closefd=False)  # noqa: SIM115  likewise
    if sys.stderr is None:
        sys.stderr = open(_ERROR, "w", closefd=False)  # noqa: SIM115  likewise


def print_output(text: str) -> None:
    """Write `text` to standard output at once.

    Raises BrokenPipeError if standard output is a pipe that nobody reads. Raises CommandFailed if
    standard output cannot be written for another reason, or if its encoding lacks a character of
    `text`. After an error of writing, all later output is discarded.
    """
    try:
        print(text, end="")
    except OSError as error:
        _fail(error)
    except UnicodeEncodeError as error:
        missing = error.object[error.start : error.end]
        why = f"cannot print {missing} in the encoding {error.encoding}"
        raise CommandFailed(f"{why}: set PYTHONIOENCODING=utf-8.") from None
    flush_output()


def flush_output() -> None:
    """Write the buffered text of `print` to standard output.

    Raises BrokenPipeError if standard output is a pipe that nobody reads. Raises CommandFailed if
    standard output cannot be written for another reason. After an error, the buffered text and all
    later output is discarded.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        _fail(error)


def _fail(error: OSError) -> NoReturn:
    discard_output()
    if isinstance(error, BrokenPipeError):
        raise error
    raise CommandFailed(f"cannot write to standard output: {error.strerror}") from None


def discard_output() -> None:
    """Discard the buffered text of standard output, and all later output.

    Call this after a write to standard output has failed: the flush at exit would fail, too. Raises
    nothing.
    """
    _discard(sys.stdout)


def _discard(stream: TextIO) -> None:
    """Make the descriptor of `stream`, if it has one, lead to /dev/null. Raises nothing."""
    with (
        suppress(OSError, ValueError),  # ValueError: a test's stream has no descriptor
        Path(os.devnull).open("wb") as nothing,
    ):
        os.dup2(nothing.fileno(), stream.fileno())


def print_error(message: str) -> None:
    """Print ``glimpse: MESSAGE`` as one line on standard error, without secrets.

    If standard error cannot be written, this line and all later lines are lost.
    """
    print_to_stderr(f"glimpse: {sanitize(message)}")


def print_to_stderr(line: str) -> None:
    """Print a line on standard error.

    If standard error cannot be written, this line and all later lines are lost, because a command
    need not fail for that.
    """
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)
