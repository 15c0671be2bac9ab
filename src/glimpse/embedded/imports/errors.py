"""Errors that end an import."""


class ImportFailed(Exception):
    """An import cannot be started or completed. The message is for logs and for users.

    The message never has the path or the query of a URL, because both may be secret.
    """
