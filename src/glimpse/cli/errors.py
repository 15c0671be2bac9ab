"""CommandFailed: the error of all subcommands."""


class CommandFailed(Exception):
    """The command failed; the message is the line that is printed."""
