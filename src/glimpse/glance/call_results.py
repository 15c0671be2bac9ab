"""What came of one call to Glance: an answer, or why there is none."""

from http import HTTPStatus

from glimpse.glance.responses import Answer, TooLarge
from glimpse.images.errors import InvalidResponse, Unavailable
from glimpse.upstream.errors import ConnectError, ProtocolError, ResponseTooLarge

Outcome = Answer | Exception


def was_silent(outcome: Outcome) -> bool:
    """Whether a server took the request and may be at it still: another would be one more."""
    return isinstance(outcome, TimeoutError) and not isinstance(outcome, ConnectError)


def may_be_at_it(outcome: Outcome) -> bool:
    """Whether whoever asked gave up on a server that may do it yet: we did, or a proxy (504)."""
    if isinstance(outcome, Answer):
        return outcome.status == HTTPStatus.GATEWAY_TIMEOUT
    return was_silent(outcome)


def word(outcome: Outcome) -> str:
    """What came of a call, for whoever counts: the status, or why there is none."""
    if isinstance(outcome, Answer):
        return str(outcome.status)
    if isinstance(outcome, TimeoutError):
        return "timeout"
    return "bad_answer" if isinstance(outcome, ResponseTooLarge) else "unreachable"


def reason(outcome: Outcome) -> str:
    """What came of a call, for an operator."""
    if isinstance(outcome, Answer):
        return f"it answered {outcome.status}"
    return str(outcome) or "it did not answer in time"


def meaning(error: Exception) -> Exception:
    """The domain's error for what went wrong; never the client library's text, which has URLs."""
    if isinstance(error, Unavailable):
        return error
    if isinstance(error, ResponseTooLarge):
        return TooLarge("The Image service's answer is too large.")
    if isinstance(error, ProtocolError):
        return InvalidResponse("The Image service's answer is not complete.")
    if isinstance(error, TimeoutError):
        return Unavailable("The Image service did not answer in time.")
    return Unavailable("The Image service cannot be reached.")
