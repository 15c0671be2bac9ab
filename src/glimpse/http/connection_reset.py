"""ResetConnection: makes the server reset a client's connection instead of responding."""


class ResetConnection(BaseException):
    """An ASGI application raises it to give the client a TCP reset instead of a response.

    Its base class is BaseException, so that no middleware turns it into a response.
    """
