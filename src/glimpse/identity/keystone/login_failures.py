"""Why a login of Glimpse at Keystone failed: messages for clients, advice for operators."""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple

from keystoneauth1.exceptions import (
    AuthorizationFailure,
    AuthPluginException,
    BadRequest,
    DiscoveryFailure,
    EmptyCatalog,
    Forbidden,
    HttpServerError,
    MissingAuthMethods,
    RequestTimeout,
    RetriableConnectionFailure,
    ServiceProviderNotFound,
    Unauthorized,
    UnknownConnectionError,
)
from keystoneauth1.exceptions import ConnectionError as NoConnection
from requests.exceptions import InvalidHeader

from glimpse.identity.keystone.transport_adapter import RedirectNotFollowed
from glimpse.identity.service import IdentityUnavailable
from glimpse.telemetry.throttled_log import ThrottledErrorLog

_log = logging.getLogger(__name__)

RETRYABLE = (DiscoveryFailure, HttpServerError, RetriableConnectionFailure)


class CallFailed(IdentityUnavailable):
    """A call to Keystone failed.

    The message is for clients, ``reason`` for operators. Unless a subclass says otherwise,
    ``reason`` is the class of the error and, if known, why the last request failed.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class LoginRefused(CallFailed):
    """Keystone responded to the login of Glimpse's own user, but refused the login.

    The response was 400, 401 or 403, or had no catalog. Usually the credentials are wrong, or name
    no project. ``reason`` names the URL of Keystone, the user, and the status of the response.
    """


class EndpointMissing(CallFailed):
    """Keystone's catalog does not have an endpoint, or a login of the plugin gives no token.

    ``reason`` names the options to check.
    """


class TooManyCalls(TimeoutError):
    """A call to Keystone was not made, because too many other calls wait for Keystone."""

    # Not a plain TimeoutError: asyncio replaces that of a thread by one without notes.


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
# Keystone's response to a login without a domain, for example. Other web servers send these, too.
_NOT_ACCEPTED = Failure(
    "Glimpse cannot log in to Keystone.",
    "Check the user, the project and their domains in [keystone_authtoken] or [service_user], and "
    "that auth_url is the URL of Keystone, such as http://HOST:5000/v3.",
    is_refusal=True,
)
_UNUSABLE_OPTIONS = Failure(
    "Glimpse cannot log in to Keystone.",
    "Check the options of the plugin that auth_type names, in [keystone_authtoken] or "
    "[service_user].",
)
_TOO_MANY = Failure(
    "Keystone refuses further logins for now.",
    "Keystone, or a proxy in front of it, limits the rate of logins: increase that limit.",
)
_REDIRECTED = Failure(
    "Keystone responds with a redirect, which is not followed.",
    "Set auth_url to the URL to which it redirects.",
)
_INVALID = Failure(
    "Keystone sent an invalid response.",
    "Check that auth_url is the URL of Keystone, such as http://HOST:5000/v3, not of another "
    "server.",
)

# The first row with a class of the error counts.
_FAILURES: Sequence[tuple[type[Exception] | tuple[type[Exception], ...], Failure]] = (
    ((TimeoutError, RequestTimeout), TIMED_OUT),
    ((*RETRYABLE, NoConnection), _UNREACHABLE),
    ((Unauthorized, EmptyCatalog), _REFUSED),
    ((BadRequest, Forbidden), _NOT_ACCEPTED),
    (
        (AuthorizationFailure, AuthPluginException, MissingAuthMethods, ServiceProviderNotFound),
        _UNUSABLE_OPTIONS,
    ),
)


def failure_of(error: Exception) -> Failure:
    """Return the Failure that describes an error of keystoneauth or of a plugin.

    The Failure says, for example, that Keystone did not respond in time, cannot be reached, or
    refused the login. An error of any other kind, such as one for a response 404, is described as
    an invalid response of Keystone.
    """
    if isinstance(error, UnknownConnectionError):
        if isinstance(error.original, RedirectNotFollowed):
            return _REDIRECTED
        if isinstance(error.original, InvalidHeader):
            return _UNUSABLE_OPTIONS
    # keystoneauth 5.8 has no class for this status.
    if getattr(error, "http_status", None) == HTTPStatus.TOO_MANY_REQUESTS:
        return _TOO_MANY
    return next((failure for kinds, failure in _FAILURES if isinstance(error, kinds)), _INVALID)


class FailureLog:
    """Logs at level ERROR why the calls of a ServiceSession failed.

    Each Failure, and each missing endpoint, is logged at most once a minute. No message quotes
    keystoneauth, whose messages may contain passwords.
    """

    def __init__(self) -> None:
        self._logs: dict[object, ThrottledErrorLog] = {}

    def log_failure(self, error: Exception, url: str, user: str) -> CallFailed:
        """Log `error`, and return the error that the caller has to raise.

        Returns a LoginRefused if Keystone refused the login, else a CallFailed. Logs nothing if the
        same Failure was logged in the last minute. `url` is the URL of Keystone without
        credentials, and `user` names the user that logs in.
        """
        failure, reason = failure_of(error), describe_error(error)
        if failure.is_refusal:
            refusal = f"Keystone at {url} responds {status_of(error)} to the login of {user}"
            self._log(failure, "%s. %s", refusal, failure.advice)
            return LoginRefused(failure.message, refusal)
        message = "The call to Keystone at %s failed with %s: %s %s"
        self._log(failure, message, url, reason, failure.message, failure.advice)
        return CallFailed(failure.message, reason)

    def log_missing_endpoint(self, error: EndpointMissing, url: str) -> None:
        """Log `error`, unless an equal message was logged in the last minute.

        `url` is the URL of Keystone without credentials.
        """
        message = "The catalog of Keystone at %s cannot be used: %s To correct it, %s."
        self._log(str(error), message, url, error, error.reason)

    def _log(self, kind: object, message: str, *arguments: object) -> None:
        """Log an error, unless one of the same `kind` was logged in the last minute."""
        self._logs.setdefault(kind, ThrottledErrorLog(_log))(message, *arguments)


def describe_error(error: Exception) -> str:
    """Return the class and notes of `error`, such as ``NotFound: GET URL responds 404``.

    Glimpse's own code adds the notes. The message of `error` is left out, because the message may
    contain a password.
    """
    return ": ".join((type(error).__name__, *getattr(error, "__notes__", ())))


def missing_endpoint(
    service_type: str, interfaces: Sequence[str], region_name: str | None
) -> EndpointMissing:
    """Return the error about an endpoint that is not in the catalog.

    An example of its message: ``Keystone's catalog names no image service with the interface
    internal or public.`` If `region_name` is given, the message also names the region. The error's
    reason names the options to check: those of [keystone_authtoken] if `service_type` is
    ``identity``, those of [glance] for any other service.
    """
    where = f" in the region {region_name}" if region_name else ""
    options = "[glance] service_type, valid_interfaces and region_name"
    if service_type == "identity":
        options = "[keystone_authtoken] interface and region_name"
    return EndpointMissing(
        f"Keystone's catalog names no {service_type} service with the interface "
        f"{' or '.join(interfaces)}{where}.",
        f"check {options}, and the endpoints in the catalog",
    )


def status_of(error: Exception) -> str:
    """Return the status of Keystone's response, such as ``401 Unauthorized``.

    A status code that HTTP does not define is returned without a phrase. For EmptyCatalog, returns
    a phrase that says that the login has no project. If `error` has no status, returns the class
    name of `error`. The message of `error`, which may contain a password, is left out.
    """
    if isinstance(error, EmptyCatalog):  # the response to a login without project_name, for example
        return "without a catalog, since no project is set,"
    status = getattr(error, "http_status", None)
    try:
        return f"{status} {HTTPStatus(status).phrase}" if status else type(error).__name__
    except ValueError:  # no status of HTTP
        return str(status)
