"""Errors of look-ups and changes in the embedded identity.

Clients get to see the messages. `identity_api.responses` makes the response with the status code
that each class names.
"""

from glimpse.identity.service import IdentityUnavailable


class BadRequest(ValueError):
    """The request is invalid, or does not fit the objects that it names: 400.

    Examples: a malformed body, an unknown parent of a new project, a user whose password is locked.
    """


class Forbidden(Exception):
    """The operation is not allowed, or would exceed a limit: 403."""


class NotFound(Exception):
    """An object that the request names does not exist: 404.

    As in Keystone, an invalid token counts as missing if a request is about this token: in the body
    of a login, or in ``X-Subject-Token``.
    """


class Conflict(Exception):
    """Something has the new id or name already, or an implication exists already: 409."""


class IdentityFileUnavailable(IdentityUnavailable):
    """The identity file is invalid, or cannot be locked, read or written: 503.

    The change was not made, unless the error is a ChangeNotSynced.
    """


class ChangeNotSynced(IdentityFileUnavailable):
    """The change was made and is in use, but a crash of the machine may undo it: 503.

    A client should not send the request again: the change would be made twice, or refused.
    """
