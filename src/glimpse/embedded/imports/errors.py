"""Errors that end an import."""


class ImportFailed(Exception):
    """An import cannot be completed. The message is for logs and for the task's owner.

    It never has a path or a query of a URL, which may be a secret.
    """
