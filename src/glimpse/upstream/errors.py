"""Errors of requests to another service that have no usable response.

UpstreamError
├── ConnectError        no connection was made: nothing was sent
│   └── ConnectTimeout  not connected in time (also a TimeoutError)
├── ConnectionLost      the connection closed before the head of the response was complete
├── ProtocolError       the response is not HTTP, or incomplete
└── ResponseTooLarge    the head, or the body with its framing, has more bytes than accepted

A timeout after connecting is a plain TimeoutError. The messages are for logs. They may name hosts,
but never contain data that was sent.
"""


class UpstreamError(Exception):
    """A request to another service has no usable response."""


class ConnectError(UpstreamError):
    """No connection was made: nothing was sent. Also for an invalid URL or a closed client."""


class ConnectTimeout(ConnectError, TimeoutError):
    """No connection was made in time. Nothing was sent."""


class ConnectionLost(UpstreamError):
    """The connection closed before the head of the response was complete."""


class ProtocolError(UpstreamError):
    """The response is not HTTP, or incomplete."""


class ResponseTooLarge(UpstreamError):
    """The head of a response, or its body with the framing, has more bytes than accepted."""
