"""ResetConnection: has the server reset the connection of a request instead of responding."""


class ResetConnection(BaseException):
    """Raised by an ASGI application: the client gets a TCP reset, and no response.

    It is no Exception, so that no middleware turns it into a response.
    """
