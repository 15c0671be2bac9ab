"""CommandFailed: the error of all subcommands."""


class CommandFailed(Exception):
    """The command failed; each argument is a line that is printed."""
