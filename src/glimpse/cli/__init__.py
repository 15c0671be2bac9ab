"""The ``glimpse`` command: a module for each subcommand of `main.COMMANDS`, and helpers."""
