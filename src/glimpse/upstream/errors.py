"""Why a request to another service brought no response.

UpstreamError
├── ConnectError        no connection: nothing was sent
│   └── ConnectTimeout  and it took too long (also a TimeoutError)
├── ConnectionLost      the connection ended before the head of a response arrived
├── ProtocolError       the response is not HTTP, or is incomplete
└── ResponseTooLarge    the response has more bytes than are read

A timeout after connecting is a plain TimeoutError. The messages are for logs: they may name hosts,
but never contain what was sent.
"""


class UpstreamError(Exception):
    """There is no answer."""


class ConnectError(UpstreamError):
    """No connection could be made: nothing was sent."""


class ConnectTimeout(ConnectError, TimeoutError):
    """No connection was there in time: nothing was sent."""


class ConnectionLost(UpstreamError):
    """The connection ended before the head of an answer was there."""


class ProtocolError(UpstreamError):
    """The answer is not HTTP, or ended before its end."""


class ResponseTooLarge(UpstreamError):
    """The answer has more bytes than allowed."""
