"""Why a call to another service brought no answer.

CallFailed
├── NotConnected         nothing was sent
├── Disconnected         the connection ended before the head of an answer was there
├── BrokenAnswer            the answer makes no sense, or is not complete
└── AnswerTooLarge       it has more bytes than are read of one

A silence is a TimeoutError; one while connecting is a NotConnected, too. What they say is for logs:
it may name hosts, though never what was sent.
"""


class CallFailed(Exception):
    """There is no answer."""


class NotConnected(CallFailed):
    """No connection could be made: nothing was sent."""


class ConnectTimeout(NotConnected, TimeoutError):
    """No connection was there in time: nothing was sent."""


class Disconnected(CallFailed):
    """The connection ended before the head of an answer was there."""


class BrokenAnswer(CallFailed):
    """The answer is not HTTP, or ended before its end."""


class AnswerTooLarge(CallFailed):
    """The answer has more bytes than allowed."""
