"""Errors of changes and look-ups in the embedded identity. Their messages are for the client.

`identity_api.responses` has the status of each.
"""


class BadRequest(ValueError):
    """The body or a parameter of the request is invalid: 400."""


class Forbidden(Exception):
    """The caller may not perform this operation, or it would exceed a limit: 403."""


class NotFound(Exception):
    """An object that the request names does not exist: 404."""


class Conflict(Exception):
    """The change would add what exists already, such as a second object of a name: 409."""
