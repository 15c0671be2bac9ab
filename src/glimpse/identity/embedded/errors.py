"""Errors of look-ups and changes in the embedded identity.

Clients get to see the messages. `identity_api.responses` makes the response with the status code
that each class names.
"""

from glimpse.identity.service import IdentityUnavailable


class BadRequest(ValueError):
    """The body or a parameter of the request is invalid: 400."""


class Forbidden(Exception):
    """The operation is not allowed, or would exceed a limit: 403."""


class NotFound(Exception):
    """An object that the request names does not exist: 404.

    Login also raises NotFound for an invalid token, as Keystone does.
    """


class Conflict(Exception):
    """The change would add something that exists already, such as a user of this name: 409."""


class IdentityFileUnavailable(IdentityUnavailable):
    """The identity file is invalid, or cannot be locked, read or written: 503.

    The change was not made, unless the error is a ChangeNotSynced.
    """


class ChangeNotSynced(IdentityFileUnavailable):
    """The change was made and is in use, but a crash of the machine may undo it: 503.

    A client should not send the request again: the change would be made twice, or refused.
    """
