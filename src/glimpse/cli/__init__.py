"""The ``glimpse`` command: one module for each subcommand."""
