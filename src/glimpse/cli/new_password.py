"""read_password: generates the password of a new user, or reads one from the operator.

A password is never an argument, because other users of the machine can see arguments in a list of
processes.
"""

import argparse
import getpass
import secrets
import sys
from typing import NamedTuple

from glimpse.cli.errors import CommandFailed
from glimpse.identity.embedded.password_hashes import hash_password
from glimpse.identity_api.schemas import PASSWORD

_MAX_LINE = 8192  # characters: a longer password is refused, and the rest need not be read


class NewPassword(NamedTuple):
    """A generated password in `readable`, or the hash of the operator's password in `hashed`.

    The other field is None.
    """

    readable: str | None
    hashed: str | None


def add_password_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --password-prompt and --password-stdin. At most one of the two may be given."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--password-prompt", action="store_true", help="ask for the password; keep a hash of it"
    )
    group.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the password from a line of standard input; keep a hash of it (default: "
        "generate one and keep it readable, for glimpse openrc)",
    )


def read_password(options: argparse.Namespace) -> NewPassword:
    """Read a password from the terminal or standard input, or generate a password.

    With --password-prompt or --password-stdin, reads and hashes a password, which takes 0.23 s.
    Otherwise generates a password, which stays readable. Raises CommandFailed if the password that
    is read is missing, empty, too long or not UTF-8, or if the operator types two different ones.
    """
    if not (options.password_stdin or options.password_prompt):
        return NewPassword(secrets.token_urlsafe(18), None)
    try:
        given = _read_line() if options.password_stdin else _ask()
        given.encode()
    except UnicodeError:
        raise CommandFailed("the password has bytes that are not valid UTF-8.") from None
    if not given or not PASSWORD.is_valid(given):
        raise CommandFailed(f"the password has to be {PASSWORD.meaning}, and not empty.")
    return NewPassword(None, hash_password(given))


def _read_line() -> str:
    return sys.stdin.readline(_MAX_LINE).rstrip("\r\n")


def _ask() -> str:
    """Read a password twice from the terminal; raise CommandFailed if the two differ.

    Raises CommandFailed at the end of the input.
    """
    try:
        given = getpass.getpass("Password: ")
        repeated = getpass.getpass("Repeat it: ")
    except EOFError:
        raise CommandFailed("no password was typed.") from None
    if repeated != given:
        raise CommandFailed("the two passwords differ.")
    return given
