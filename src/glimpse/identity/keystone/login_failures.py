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

    The message is for clients. ``reason`` is for operators: the class of the error and, if known,
    why the last request failed.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class LoginRefused(CallFailed):
    """Keystone is available, but refuses the login of Glimpse's own user.

    The credentials are wrong, or name no project. ``reason`` names the URL of Keystone, the user,
    and the status of Keystone's response.
    """


class Failure(NamedTuple):
    """Why a call to Keystone failed: ``message`` for clients, ``advice`` only for the log.

    ``is_refusal`` is True if Keystone refused the login of Glimpse's own user.
    """

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
    """Return the Failure that describes an error of keystoneauth or of a plugin.

    An error of an unknown class counts as an invalid response of Keystone.
    """
    if isinstance(error, TimeoutError):
        return TIMED_OUT
    if isinstance(error, RETRYABLE):
        return _UNREACHABLE
    if isinstance(error, ClientException) and not isinstance(error, InvalidResponse):
        return _REDIRECTED if _is_redirect(error) else _REFUSED
    return _INVALID


def _is_redirect(error: ClientException) -> bool:
    """Return True if `error` was caused by a RedirectNotFollowed of TransportAdapter."""
    return isinstance(error, UnknownConnectionError) and isinstance(
        error.original, RedirectNotFollowed
    )


def describe(error: Exception) -> str:
    """Return the class name of `error`, and the notes that Glimpse added to `error`.

    The message of `error` is left out, because it may contain a password.
    """
    return ": ".join((type(error).__name__, *getattr(error, "__notes__", ())))


def no_endpoint(service_type: str, interfaces: Sequence[str], region_name: str | None) -> str:
    """Return the message for clients about an endpoint that is not in the catalog.

    For example: ``Keystone's catalog names no image service with the interface internal.`` If
    `region_name` is given, the message also names the region.
    """
    where = f" in the region {region_name}" if region_name else ""
    return (
        f"Keystone's catalog names no {service_type} service with the interface "
        f"{' or '.join(interfaces)}{where}."
    )


def status_of(error: Exception) -> str:
    """Return the status of Keystone's response, such as ``401 Unauthorized``.

    For EmptyCatalog, returns a phrase that says that the login has no project. If `error` has no
    status, returns the class name of `error`. The message of `error` is left out, because it may
    contain a password.
    """
    if isinstance(error, EmptyCatalog):  # the response to a login without project_name, for example
        return "without a catalog, since no project is set,"
    status = getattr(error, "http_status", None)
    try:
        return f"{status} {HTTPStatus(status).phrase}" if status else type(error).__name__
    except ValueError:  # no status of HTTP
        return str(status)
