"""ResetConnection: makes the server reset a client's connection instead of responding."""


class ResetConnection(BaseException):
    """Raised by an ASGI application to send the client a TCP reset instead of a response.

    The base class is BaseException, so that no middleware turns the exception into a response.
    """
