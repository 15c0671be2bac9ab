"""Why a login of Glimpse at Keystone failed: messages for clients and advice for operators."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple

from keystoneauth1.exceptions import (
    ClientException,
    DiscoveryFailure,
    EmptyCatalog,
    HttpServerError,
    InvalidResponse,
    RetriableConnectionFailure,
    UnknownConnectionError,
)

from glimpse.identity.keystone.transport_adapter import RedirectNotFollowed
from glimpse.identity.service import IdentityUnavailable

RETRYABLE = (DiscoveryFailure, HttpServerError, RetriableConnectionFailure)


class CallFailed(IdentityUnavailable):
    """A call to Keystone failed.

    The message is for clients; `reason` is for operators: the error of the connection, or the
    request and the status of the response.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class LoginRefused(CallFailed):
    """Keystone is available, but refuses the credentials of Glimpse's own user.

    The `reason` names URL, user and status.
    """


class Failure(NamedTuple):
    """Why a call to Keystone failed: ``message`` for clients, ``advice`` only for the log."""

    message: str
    advice: str
    is_refusal: bool = False


TIMED_OUT = Failure(
    "Keystone did not respond in time.",
    "Check that it runs; if it is only slow, increase http_connect_timeout.",
)
_UNREACHABLE = Failure(
    "Keystone cannot be reached.",
    "Check auth_url and the network; if Keystone responds with 5xx, check its log.",
)
_REFUSED = Failure(
    "Glimpse cannot log in to Keystone.",
    "Check the user, the password and the project in [keystone_authtoken] or [service_user].",
    is_refusal=True,
)
_REDIRECTED = Failure(
    "Keystone responds with a redirect, which is not followed.",
    "Set auth_url to the URL to which it redirects.",
)
_INVALID = Failure(
    "Keystone sent an invalid response.",
    "Check that auth_url is the URL of Keystone, not of another server.",
)


def failure_of(error: Exception) -> Failure:
    """Return which Failure an error of keystoneauth or a plugin is; _INVALID if unknown."""
    if isinstance(error, TimeoutError):
        return TIMED_OUT
    if isinstance(error, RETRYABLE):
        return _UNREACHABLE
    if isinstance(error, ClientException) and not isinstance(error, InvalidResponse):
        return _REDIRECTED if _is_redirect(error) else _REFUSED
    return _INVALID


def _is_redirect(error: ClientException) -> bool:
    """Return True if TransportAdapter raised `error`, for a redirect."""
    return isinstance(error, UnknownConnectionError) and isinstance(
        error.original, RedirectNotFollowed
    )


def describe(error: Exception) -> str:
    """Return the kind of the error, and the notes that Glimpse added: they have no secret."""
    return ": ".join((type(error).__name__, *getattr(error, "__notes__", ())))


def no_endpoint(service_type: str, interfaces: Sequence[str], region_name: str | None) -> str:
    """Return the message about a service that is not in the catalog."""
    where = f" in the region {region_name}" if region_name else ""
    return (
        f"Keystone's catalog names no {service_type} service with the interface "
        f"{' or '.join(interfaces)}{where}."
    )


def status_of(error: Exception) -> str:
    """Return the status of Keystone's response, as ``401 Unauthorized``.

    Without a response, return the kind of the error: keystoneauth's messages may hold passwords.
    """
    if isinstance(error, EmptyCatalog):  # the response to a login without project_name, for example
        return "without a catalog, since no project is set,"
    status = getattr(error, "http_status", None)
    try:
        return f"{status} {HTTPStatus(status).phrase}" if status else type(error).__name__
    except ValueError:  # no status of HTTP
        return str(status)
