"""failure_of and FailureLog: the advice for each kind of keystoneauth's errors."""

import pytest
from keystoneauth1 import exceptions
from keystoneauth1.exceptions.http import HTTPClientError, HttpError, HttpServerError
from requests import Response
from requests.exceptions import InvalidHeader

from glimpse.identity.keystone.login_failures import FailureLog, LoginRefused, failure_of
from glimpse.identity.keystone.transport_adapter import RedirectNotFollowed

_URL = "http://keystone.example/v3"


def _subclasses(kind: type[Exception]) -> list[type[Exception]]:
    return [each for direct in kind.__subclasses__() for each in (direct, *_subclasses(direct))]


@pytest.mark.parametrize("kind", [HTTPClientError, *_subclasses(HTTPClientError)])
def test_only_a_401_blames_the_password_and_other_4xx_advise_to_check_auth_url(
    kind: type[HttpError],
) -> None:
    failure = failure_of(kind())
    others: dict[type[HttpError], str] = {
        exceptions.RequestTimeout: "increase http_connect_timeout",
        exceptions.TooManyRequests: "increase that limit",
        exceptions.Unauthorized: "Check the user, the password and the project",
    }
    assert others.get(kind, "auth_url is the URL of Keystone") in failure.advice
    assert ("password" in failure.advice) is (kind is exceptions.Unauthorized)
    assert failure.is_refusal is (
        kind in (exceptions.BadRequest, exceptions.Unauthorized, exceptions.Forbidden)
    )


@pytest.mark.parametrize("kind", [HttpServerError, *_subclasses(HttpServerError)])
def test_5xx_advises_to_check_the_log_of_keystone(kind: type[HttpError]) -> None:
    assert "check its log" in failure_of(kind()).advice


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (TimeoutError(), "Check that it runs"),
        (exceptions.ConnectTimeout(), "the network"),
        (exceptions.ConnectFailure(), "the network"),
        (exceptions.DiscoveryFailure(), "the network"),
        (exceptions.UnknownConnectionError("", OSError()), "the network"),
        (exceptions.UnknownConnectionError("", RedirectNotFollowed()), "URL to which it redirects"),
        (exceptions.UnknownConnectionError("", InvalidHeader()), "options of the plugin"),
        (exceptions.SSLError(), "the network"),
        (exceptions.EmptyCatalog(), "the project"),
        (exceptions.AuthorizationFailure(), "options of the plugin"),
        (exceptions.MissingAuthPlugin(), "options of the plugin"),
        (exceptions.OidcPluginNotSupported(), "options of the plugin"),
        (exceptions.ServiceProviderNotFound("sp"), "options of the plugin"),
        (exceptions.InvalidResponse(response=Response()), "auth_url is the URL of Keystone"),
        (KeyError(), "auth_url is the URL of Keystone"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_each_kind_of_error_has_its_advice(error: Exception, advice: str) -> None:
    assert advice in failure_of(error).advice


def test_each_failure_is_logged_once_and_all_are_returned(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = FailureLog()
    errors = [exceptions.Unauthorized(), exceptions.NotFound()] * 3
    returned = [log.log_failure(error, _URL, "username glimpse") for error in errors]
    assert [isinstance(each, LoginRefused) for each in returned] == [True, False] * 3
    refusal, other = (record.getMessage() for record in caplog.records)
    assert refusal.startswith(
        f"Keystone at {_URL} responds 401 Unauthorized to the login of username glimpse. Check"
    )
    assert other.startswith(f"The call to Keystone at {_URL} failed with NotFound: ")
