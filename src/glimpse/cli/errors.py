"""CommandFailed: the error of all subcommands."""


class CommandFailed(Exception):
    """The command cannot go on; the message is the line that is printed."""
