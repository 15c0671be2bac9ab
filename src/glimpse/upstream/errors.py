"""Errors of requests to another service that have no usable response.

UpstreamError
├── ConnectError        no connection could be made: nothing was sent
│   └── ConnectTimeout  not connected in time (also a TimeoutError)
├── ConnectionLost      the connection closed before the head of the response was complete
├── ProtocolError       the response is not HTTP, or incomplete
└── ResponseTooLarge    the body or the head has more bytes than the client accepts

A timeout after connecting is a plain TimeoutError. The messages are for logs. They may name hosts,
but never contain data that was sent.
"""


class UpstreamError(Exception):
    """A request to another service has no usable response."""


class ConnectError(UpstreamError):
    """No connection could be made. Nothing was sent."""


class ConnectTimeout(ConnectError, TimeoutError):
    """No connection was made in time. Nothing was sent."""


class ConnectionLost(UpstreamError):
    """The connection closed before the head of the response was complete."""


class ProtocolError(UpstreamError):
    """The response is not HTTP, or incomplete."""


class ResponseTooLarge(UpstreamError):
    """The body or the head of the response has more bytes than the client accepts."""
