"""ServiceSession: Glimpse's own login to Keystone, with keystoneauth in threads."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import requests
from keystoneauth1 import session
from keystoneauth1.exceptions import DiscoveryFailure, EmptyCatalog, EndpointNotFound
from keystoneauth1.plugin import BaseAuthPlugin

from glimpse.identity.keystone.login_failures import (
    RETRYABLE,
    EndpointMissing,
    FailureLog,
    TooManyCalls,
    missing_endpoint,
)
from glimpse.identity.keystone.options import KeystoneOptions
from glimpse.identity.keystone.transport_adapter import TransportAdapter
from glimpse.telemetry.request_context import current_context
from glimpse.upstream.backoff import retry_delay
from glimpse.upstream.single_flight import SingleFlight
from glimpse.upstream.threads import run_in_thread
from glimpse.upstream.transport import Transport
from glimpse.upstream.urls import strip_credentials

_MAX_CALLS = 8  # concurrent calls of keystoneauth; each takes a thread until its deadline
# Web servers accept header lines of up to 8 KiB, and close the connection for longer lines.
_MAX_TOKEN_CHARACTERS = 8000

Result = TypeVar("Result")


class ServiceSession:
    """Glimpse's own login to Keystone: provides a token, and URLs from the catalog.

    Logs in when a method first needs a token. Concurrent calls of `token_and_endpoint` and `renew`
    share one login; if the login fails, all of these calls raise the error. The credentials are
    those of [keystone_authtoken] or [service_user]. The owner calls `close`.
    """

    def __init__(
        self,
        options: KeystoneOptions,
        transport: Transport,
        make_plugin: Callable[[], BaseAuthPlugin],
        describe_user: Callable[[], str] = lambda: "the user of the plugin",
    ) -> None:
        """Make the plugin that logs in. Sends nothing yet.

        All requests go through `transport`, which `close` closes. `make_plugin` makes the plugin of
        keystoneauth, and its errors are raised here. `make_plugin` is called again after some
        failed calls, because the old plugin may have cached an invalid document of Keystone.
        `describe_user` returns the name of the user, for messages about a refused login.
        """
        self._make_plugin = make_plugin
        self._describe_user = describe_user
        self._options = options
        self._transport = transport
        self._adapter = TransportAdapter(transport)
        self._sender = requests.Session()
        self._sender.trust_env = False  # no proxies, .netrc or CA bundles, as for Glance
        for scheme in ("http://", "https://"):
            self._sender.mount(scheme, self._adapter)
        self._reset(make_plugin())
        self._token_and_endpoint: tuple[str, str] | None = None
        self._login = SingleFlight(self._log_in)
        self._renewal = SingleFlight(self._renew)
        self._look_ups: set[asyncio.Task[str | None]] = set()
        self._threads = threading.Semaphore(_MAX_CALLS)
        self._failure_log = FailureLog()

    def _reset(self, plugin: BaseAuthPlugin) -> None:
        """Use `plugin` in a new keystoneauth session, which has no cached document of Keystone."""
        self._plugin = plugin
        self._session = session.Session(
            auth=plugin, session=self._sender, redirect=False, user_agent="glimpse"
        )

    @property
    def auth_url(self) -> str | None:
        """The URL at which Glimpse logs in; None if the plugin has no ``auth_url``."""
        return getattr(self._plugin, "auth_url", None)

    @property
    def _shown_url(self) -> str:
        """`auth_url` without credentials, for messages; a phrase if `auth_url` is None."""
        return strip_credentials(self.auth_url or "the address of the plugin")

    @property
    def current_token(self) -> str | None:
        """The token that `token_and_endpoint` or `renew` obtained last, perhaps expired, or None.

        The value is None before the first of these calls succeeds, after `discard_token` with this
        token, and after `fetch_endpoint` has found no endpoint.
        """
        return self._token_and_endpoint[0] if self._token_and_endpoint else None

    async def renew(self) -> None:
        """Log in again, and replace the token once the login has succeeded.

        If a login is in progress, waits for that login instead. Takes at most
        `http_connect_timeout` seconds. Raises LoginRefused if Keystone refuses the login,
        IdentityUnavailable if the login fails for another reason. After an error, `current_token`
        is unchanged.
        """
        await self._renewal.join()

    async def token_and_endpoint(self) -> tuple[str, str]:
        """Return the token of the last login, and the URL of the Identity API without ``/v3``.

        The token may have expired. If there is no token, logs in, which takes at most
        `http_connect_timeout` seconds. Raises LoginRefused if Keystone refuses the login,
        IdentityUnavailable if the login fails for another reason.
        """
        return self._token_and_endpoint or await self._login.join()

    async def fetch_endpoint(
        self, service_type: str, interfaces: Sequence[str], region_name: str | None
    ) -> str:
        """Return the URL of a service, from the catalog in Glimpse's own token.

        `service_type` is ``image``, for example. `interfaces`, such as ``internal`` and ``public``,
        are tried in their order. A `region_name` of None stands for any region. Logs in if needed.
        Takes at most `http_connect_timeout` seconds.

        Raises LoginRefused if Keystone refuses the login, and IdentityUnavailable for other
        failures of Keystone. If the catalog has no such endpoint, logs and raises EndpointMissing,
        and forgets the token, so that the next call fetches the catalog again.
        """
        find_endpoint = partial(self._find_endpoint, service_type, list(interfaces), region_name)
        look_up = asyncio.create_task(self._call_with_retries(find_endpoint))
        self._look_ups.add(look_up)
        look_up.add_done_callback(self._look_ups.discard)
        endpoint = await look_up
        if not endpoint:
            self._plugin.invalidate()  # the next call fetches the catalog again
            self._token_and_endpoint = None
            error = missing_endpoint(service_type, interfaces, region_name)
            self._failure_log.log_missing_endpoint(error, self._shown_url)
            raise error
        return endpoint

    async def _call_with_retries(self, call: Callable[[], Result]) -> Result:
        """Run `call`, which calls keystoneauth, in a thread; return the result of `call`.

        If Keystone cannot be reached, responds with 5xx, or shows no usable version, waits and
        tries again, up to `http_request_max_retries` times. The metrics count the retries. All
        attempts together take at most `http_connect_timeout` seconds.

        Raises LoginRefused if Keystone refuses the login, EndpointMissing if `call` raises it, and
        CallFailed for a timeout or any other error. Each kind of error is logged at most once a
        minute. Messages and log do not quote keystoneauth, whose messages may contain passwords.

        A failure also replaces the plugin, which may have cached an invalid document of Keystone.
        Only EndpointMissing, TooManyCalls, HttpServerError and RetriableConnectionFailure do not.
        """
        try:
            async with asyncio.timeout(self._options.http_connect_timeout):
                for attempt in range(1, self._options.http_request_max_retries + 1):
                    try:
                        return await self._call_in_thread(call)
                    except RETRYABLE:
                        current_context.get().observer.call_retried("keystone")
                        await asyncio.sleep(retry_delay(attempt))
                return await self._call_in_thread(call)
        except EndpointMissing as error:
            self._failure_log.log_missing_endpoint(error, self._shown_url)
            raise
        except Exception as error:  # noqa: BLE001  plugins raise anything for documents they do not expect
            user = self._describe_user()
            failed = self._failure_log.log_failure(error, self._shown_url, user)
            if isinstance(error, DiscoveryFailure) or not isinstance(
                error, (*RETRYABLE, TooManyCalls)
            ):
                self._reset(self._make_plugin())
        raise failed

    async def _call_in_thread(self, call: Callable[[], Result]) -> Result:
        """Run `call` in a thread once; return its result, or raise its error.

        If a request of `call` failed, the error gets a note that says why. The metrics count
        `call` as one call to Keystone, even if keystoneauth sends several requests. Raises
        TooManyCalls if _MAX_CALLS other calls are in progress. If this coroutine is cancelled, the
        thread runs on, for at most about `http_connect_timeout` seconds.
        """
        loop = asyncio.get_running_loop()

        def run() -> Result:
            if not self._threads.acquire(blocking=False):
                error = TooManyCalls()
                error.add_note(f"{_MAX_CALLS} other calls are in progress")
                raise error
            try:
                self._adapter.begin(loop, self._options.http_connect_timeout)
                return call()
            except Exception as error:
                if self._adapter.problem:
                    error.add_note(self._adapter.problem)
                raise
            finally:
                self._threads.release()

        began, outcome = time.perf_counter(), "failed"
        try:
            result = await run_in_thread(run)
            outcome = "ok"
            return result
        finally:
            seconds = time.perf_counter() - began
            current_context.get().call_ended("keystone", "login", outcome, seconds)

    def discard_token(self, token: str) -> None:
        """Forget `token`, so that the next method that needs a token logs in again.

        Does nothing if `token` is not `current_token`: then another call has already replaced or
        forgotten `token`.
        """
        if self.current_token == token:
            self._token_and_endpoint = None
            self._plugin.invalidate()

    async def close(self) -> None:
        """Cancel logins and calls of `fetch_endpoint` in progress, and close the transport.

        Calls that wait for a login or an endpoint raise CancelledError. Threads that still run end
        when they send their next request.
        """
        for look_up in self._look_ups:
            look_up.cancel()
        self._renewal.close()
        self._login.close()
        self._sender.close()
        await self._transport.close()

    async def _renew(self) -> None:
        """Make the plugin forget its token, and log in, or wait for a login in progress.

        Raises LoginRefused if Keystone refuses the login, IdentityUnavailable if the login fails
        for another reason.
        """
        self._plugin.invalidate()
        await self._login.join()

    async def _log_in(self) -> tuple[str, str]:
        """Log in, store the token and the endpoint, and return both.

        Raises LoginRefused if Keystone refuses the login, IdentityUnavailable if the login fails
        for another reason.
        """
        self._token_and_endpoint = await self._call_with_retries(self._fetch_token_and_endpoint)
        return self._token_and_endpoint

    def _fetch_token_and_endpoint(self) -> tuple[str, str]:
        """Return a token and Keystone's endpoint; log in with keystoneauth if needed. Blocks.

        The endpoint is the URL of the Identity API without ``/v3``. Does not log in if the plugin
        still has a valid token. Raises ValueError if the token cannot be sent in a header, and the
        errors of keystoneauth. If there is no token, or the catalog does not have Keystone's
        endpoint, makes the plugin forget its token, and raises EndpointMissing.
        """
        interface, region = self._options.interface, self._options.region_name
        endpoint = self._find_endpoint("identity", interface, region)
        token = self._session.get_token()  # after get_endpoint, which may log in again
        if not token or not endpoint:
            self._plugin.invalidate()
            raise missing_endpoint("identity", [interface], region)
        if not is_sendable(token):
            raise ValueError
        return token, endpoint.rstrip("/").removesuffix("/v3")

    def _find_endpoint(
        self, service_type: str, interface: str | list[str], region_name: str | None
    ) -> str | None:
        """Return the URL of a service in the catalog; None if the catalog has no such endpoint.

        Runs in a thread, and logs in if needed. Raises the errors of keystoneauth, for example
        EmptyCatalog for a token without a project, which has no catalog.
        """
        try:
            url: str | None = self._session.get_endpoint(
                service_type=service_type, interface=interface, region_name=region_name
            )
        except EmptyCatalog:
            raise
        except EndpointNotFound:
            return None
        return url


def is_sendable(token: str) -> bool:
    """Return True if `token` can be sent in a header.

    Printable ASCII of at most 8,000 characters can be sent, also an empty string.
    """
    return token.isascii() and token.isprintable() and len(token) <= _MAX_TOKEN_CHARACTERS
