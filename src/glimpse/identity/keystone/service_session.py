"""ServiceSession: Glimpse's own token and Keystone's address, through keystoneauth in a thread."""

import asyncio
from collections.abc import Sequence
from typing import Any

from keystoneauth1 import loading, session
from keystoneauth1.exceptions import ClientException
from keystoneauth1.plugin import BaseAuthPlugin

from glimpse.identity.base import IdentityUnavailable
from glimpse.identity.keystone.options import KeystoneOptions


class ServiceSession:
    """Logs in with the service's credentials when first asked, and again when told to."""

    def __init__(self, options: KeystoneOptions, plugin: BaseAuthPlugin | None = None) -> None:
        """`plugin` is what logs in; without it, one is made of the options' credentials."""
        if plugin is None:
            loader: Any = loading.get_plugin_loader(options.auth_type)
            plugin = loader.load_from_options(**options.credentials)
        self._plugin: BaseAuthPlugin = plugin
        self._options = options
        self._session = session.Session(
            auth=self._plugin,
            verify=False if options.insecure else options.cafile or True,
            cert=_certificate(options),
            timeout=options.http_connect_timeout,
            user_agent="glimpse",
        )
        self._known: tuple[str, str] | None = None
        self._asking = asyncio.Lock()

    @property
    def auth_url(self) -> str | None:
        """Where the plugin logs in, if it says."""
        return getattr(self._plugin, "auth_url", None)

    async def token_and_endpoint(self) -> tuple[str, str]:
        """Our token, and the Identity API's URL without ``/v3``. Raises IdentityUnavailable."""
        async with self._asking:
            if self._known is None:
                self._known = await asyncio.to_thread(self._log_in)
        return self._known

    async def endpoint_of(
        self, service_type: str, interfaces: Sequence[str], region_name: str | None
    ) -> str:
        """The URL of another service in the catalog. Raises IdentityUnavailable."""

        def find() -> str | None:
            return self._session.get_endpoint(
                service_type=service_type, interface=list(interfaces), region_name=region_name
            )

        try:
            found = await asyncio.to_thread(find)
        except ClientException:
            raise IdentityUnavailable("Glimpse cannot log in to Keystone.") from None
        if not found:
            raise IdentityUnavailable(f"Keystone's catalog names no {service_type} service.")
        return found

    def forget(self, token: str) -> None:
        """Log in anew next time, unless that has happened since `token` was given out."""
        if self._known is not None and self._known[0] == token:
            self._known = None
            self._plugin.invalidate()

    def _log_in(self) -> tuple[str, str]:
        try:
            endpoint = self._session.get_endpoint(
                service_type="identity",
                interface=self._options.interface,
                region_name=self._options.region_name,
            )
            token = self._session.get_token()  # last: looking up may have renewed it
        except ClientException:
            # Its text may quote what was sent; it stays out of errors and logs.
            raise IdentityUnavailable("Glimpse cannot log in to Keystone.") from None
        if not token or not endpoint:
            raise IdentityUnavailable("Keystone's catalog names no Identity service.")
        return token, endpoint.rstrip("/").removesuffix("/v3")


def _certificate(options: KeystoneOptions) -> str | tuple[str, str] | None:
    """The client certificate: one file, or certificate and key apart."""
    if options.certfile and options.keyfile:
        return options.certfile, options.keyfile
    return options.certfile
