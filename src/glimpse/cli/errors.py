"""CommandFailed: the error of all subcommands."""


class CommandFailed(Exception):
    """The command failed. Each argument is a line to print."""
