"""ServiceSession: Glimpse's own token and Keystone's address, through keystoneauth in a thread."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import requests
from keystoneauth1 import loading, session
from keystoneauth1.exceptions import (
    ClientException,
    DiscoveryFailure,
    HttpServerError,
    RetriableConnectionFailure,
    UnknownConnectionError,
)
from keystoneauth1.plugin import BaseAuthPlugin

from glimpse.identity.keystone.login_transport import LoginTransport, Redirected
from glimpse.identity.keystone.options import KeystoneOptions
from glimpse.identity.service import IdentityUnavailable
from glimpse.telemetry.request_context import current_context
from glimpse.upstream.tls import TlsOptions
from glimpse.upstream.waiting import SingleFlight, retry_delay, run_in_thread

_log = logging.getLogger(__name__)

_TRANSIENT = (DiscoveryFailure, HttpServerError, RetriableConnectionFailure)

_MOST_CALLS = 8  # of keystoneauth under way at once; each ends with its deadline
_LONGEST_TOKEN = 8000  # as of any token: web servers take header lines of 8 KiB

Result = TypeVar("Result")


class LoginRefused(IdentityUnavailable):
    """Keystone answers, and does not let the service in."""


class ServiceSession:
    """Logs in with the service's credentials when first asked, and again when told to.

    However many wait for a login, there is one; all of them learn how it ended.
    """

    def __init__(
        self,
        options: KeystoneOptions,
        plugin: BaseAuthPlugin | None = None,
        make_plugin: Callable[[], BaseAuthPlugin] | None = None,
    ) -> None:
        """`plugin` is what logs in, `make_plugin` makes another like it.

        Without them, both are made of the options' credentials.
        """
        self._make_plugin = make_plugin or (lambda: _plugin_of(options))
        self._options = options
        self._transport = LoginTransport(options.http_connect_timeout)
        self._sender = requests.Session()
        for scheme in ("http://", "https://"):
            self._sender.mount(scheme, self._transport)
        self._begin_anew(plugin or self._make_plugin())
        self._known: tuple[str, str] | None = None
        self._login = SingleFlight(self._log_in)
        self._renewal = SingleFlight(self._renew)
        self._calls = threading.Semaphore(_MOST_CALLS)

    def _begin_anew(self, plugin: BaseAuthPlugin) -> None:
        """Know nothing of Keystone: plugins and sessions keep documents, odd ones too."""
        self._plugin = plugin
        self._session = session.Session(
            auth=plugin,
            session=self._sender,
            redirect=False,
            verify=False if self._options.tls.insecure else self._options.tls.cafile or True,
            cert=_certificate(self._options.tls),
            timeout=self._options.http_connect_timeout,
            user_agent="glimpse",
        )

    @property
    def auth_url(self) -> str | None:
        """Where the plugin logs in, if it says."""
        return getattr(self._plugin, "auth_url", None)

    @property
    def known_token(self) -> str | None:
        """Our token, if we have one."""
        return self._known[0] if self._known else None

    async def renew(self) -> None:
        """Log in anew; the token stands until there is another. Raises IdentityUnavailable."""
        await self._renewal.join()

    async def token_and_endpoint(self) -> tuple[str, str]:
        """Our token, and the Identity API's URL without ``/v3``. Raises IdentityUnavailable."""
        return self._known or await self._login.join()

    async def endpoint_of(
        self, service_type: str, interfaces: Sequence[str], region_name: str | None
    ) -> str:
        """The URL of another service in the catalog. Raises IdentityUnavailable."""

        def find() -> str | None:
            return self._session.get_endpoint(
                service_type=service_type, interface=list(interfaces), region_name=region_name
            )

        found = await self._ask(find)
        if not found:
            self._plugin.invalidate()  # whoever asks next gets the catalog as it is then
            self._known = None
            raise IdentityUnavailable(f"Keystone's catalog names no {service_type} service.")
        return str(found)

    async def _ask(self, question: Callable[[], Result]) -> Result:
        """What keystoneauth answers; asked again while Keystone is in trouble, within a deadline.

        Raises IdentityUnavailable, without the words of keystoneauth: they may quote what was sent.
        """
        kind, is_odd = IdentityUnavailable, True
        try:
            async with asyncio.timeout(self._options.http_connect_timeout):
                for attempt in range(1, self._options.http_request_max_retries + 1):
                    try:
                        return await self._counted(question)
                    except _TRANSIENT:
                        current_context.get().observer.call_retried("keystone")
                        await asyncio.sleep(retry_delay(attempt))
                return await self._counted(question)
        except IdentityUnavailable:
            raise
        except TimeoutError:
            problem = "Keystone did not answer in time."
        except _TRANSIENT as error:
            problem, is_odd = "Keystone cannot be reached.", isinstance(error, DiscoveryFailure)
        except ClientException as error:
            problem = "Glimpse cannot log in to Keystone."
            kind = LoginRefused
            if _is_redirect(error):
                problem = "Keystone answers with a redirect, which is not followed."
                kind = IdentityUnavailable
        except Exception:  # noqa: BLE001  plugins raise what they will for documents that are odd
            problem = "Keystone's answer makes no sense."
        _log.error("%s", problem)
        if is_odd:
            self._begin_anew(self._make_plugin())
        raise kind(problem)

    async def _counted(self, question: Callable[[], Result]) -> Result:
        """Ask in a thread, and note how that went; which calls it takes is keystoneauth's business.

        Raises IdentityUnavailable while too many have not come back.
        """
        loop = asyncio.get_running_loop()

        def ask() -> Result:
            if not self._calls.acquire(blocking=False):
                raise IdentityUnavailable("Keystone did not answer in time.")
            try:
                self._transport.begin(loop, self._options.http_connect_timeout)
                return question()
            finally:
                self._calls.release()

        began, outcome = time.perf_counter(), "failed"
        try:
            answer = await run_in_thread(ask)
            outcome = "ok"
            return answer
        finally:
            seconds = time.perf_counter() - began
            current_context.get().call_ended("keystone", "login", outcome, seconds)

    def forget(self, token: str) -> None:
        """Log in anew next time, unless that has happened since `token` was given out."""
        if self._known is not None and self._known[0] == token:
            self._known = None
            self._plugin.invalidate()

    def close(self) -> None:
        """End a login under way, and close connections."""
        self._renewal.close()
        self._login.close()
        self._sender.close()

    async def _renew(self) -> None:
        self._plugin.invalidate()
        await self._login.join()

    async def _log_in(self) -> tuple[str, str]:
        self._known = await self._ask(self._fetch_token_and_endpoint)
        return self._known

    def _fetch_token_and_endpoint(self) -> tuple[str, str]:
        endpoint = self._session.get_endpoint(
            service_type="identity",
            interface=self._options.interface,
            region_name=self._options.region_name,
        )
        token = self._session.get_token()  # last: looking up may have renewed it
        if not token or not endpoint:
            self._plugin.invalidate()
            raise IdentityUnavailable("Keystone's catalog names no Identity service.")
        if not (token.isascii() and token.isprintable()) or len(token) > _LONGEST_TOKEN:
            raise ValueError  # no header can carry it
        return token, endpoint.rstrip("/").removesuffix("/v3")


def _plugin_of(options: KeystoneOptions) -> BaseAuthPlugin:
    loader: Any = loading.get_plugin_loader(options.auth_type)
    plugin: BaseAuthPlugin = loader.load_from_options(**options.credentials)
    return plugin


def _is_redirect(error: ClientException) -> bool:
    return isinstance(error, UnknownConnectionError) and isinstance(error.original, Redirected)


def _certificate(options: TlsOptions) -> str | tuple[str, str] | None:
    """The client certificate: one file, or certificate and key apart."""
    if options.certfile and options.keyfile:
        return options.certfile, options.keyfile
    return options.certfile
