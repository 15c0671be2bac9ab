"""Keystone: a server that logs a service in and validates the tokens of a test."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from aiohttp import web
from keystoneauth1.identity.generic import Password

from glimpse.app.keystone import keystone_transport
from glimpse.identity.keystone import KeystoneIdentity, KeystoneOptions, ServiceSession
from glimpse.identity.keystone.shared_cache import SharedCache
from tests.support.options import keystone_options

OPTIONS = keystone_options(
    www_authenticate_uri="http://keystone.example/v3", http_request_max_retries=2
)
USER = {"id": "u", "name": "demo", "domain": {"id": "default", "name": "Default"}}


class Keystone:
    """A server of the Identity API that logs the service in and validates tokens.

    `tokens` maps each valid token to its role and its lifetime in seconds. The attributes change
    the responses, and record the requests.
    """

    def __init__(self) -> None:
        self.url = ""
        self.own_token = 0
        self.validations: list[str] = []
        self.validation_started = asyncio.Event()
        self.status = 200
        self.failures = 0  # the number of next calls whose response is 500
        self.logins = 0
        self.login_started = asyncio.Event()
        self.logins_may_end = asyncio.Event()
        self.logins_may_end.set()
        self.login_body: bytes | None = None
        self.login_status = 201
        self.tokens = {
            "good": ("member", 60),
            "root": ("admin", 60),
            "service": ("service", 60),
            "old": ("member", -60),
        }
        self.rules: list[dict[str, object]] | None = None  # of the credential behind each token

    async def handle(self, request: web.BaseRequest) -> web.Response:
        if self.failures and request.path == "/v3/auth/tokens":
            self.failures -= 1
            return web.Response(status=500)
        if request.method == "POST":
            self.login_started.set()
            await self.logins_may_end.wait()
            return self._log_in()
        if request.path != "/v3/auth/tokens":
            version = {"id": "v3.14", "status": "stable", "links": [self._link("/v3/")]}
            return web.json_response({"version": version})
        token = request.headers["X-Subject-Token"]
        self.validations.append(token)
        self.validation_started.set()
        await asyncio.sleep(0.02)  # others that validate the token meanwhile have to wait
        if request.headers["X-Auth-Token"] != f"own-{self.own_token}":
            return web.Response(status=401)
        role, lifetime = self.tokens.get(token, ("", -1))
        if not role or (lifetime < 0 and "allow_expired" not in request.query):
            return web.Response(status=404)
        document = self._token_document(role, lifetime)
        if self.rules is not None:
            document["application_credential"] = {"id": "a", "access_rules": self.rules}
        return web.json_response({"token": document}, status=self.status)

    def _log_in(self) -> web.Response:
        self.logins += 1
        if self.login_body is not None:
            return web.Response(body=self.login_body, status=201)
        if self.login_status != 201:
            return web.Response(status=self.login_status)
        self.own_token += 1
        headers = {"X-Subject-Token": f"own-{self.own_token}"}
        return web.json_response(
            {"token": self._token_document("service", 3600)}, status=201, headers=headers
        )

    def _link(self, path: str) -> dict[str, str]:
        return {"rel": "self", "href": self.url + path}

    def _token_document(self, role: str, lifetime: int) -> dict[str, object]:
        expires = datetime.now(UTC) + timedelta(seconds=lifetime)
        endpoint = {"interface": "internal", "url": self.url, "region": "R", "region_id": "R"}
        return {
            "methods": ["password"],
            "issued_at": "2024-01-01T00:00:00.000000Z",
            "expires_at": f"{expires:%Y-%m-%dT%H:%M:%S}.000000Z",
            "user": USER,
            "project": {**USER, "id": "p", "name": "project"},
            "roles": [{"id": role, "name": role}],
            "catalog": [{"type": "identity", "name": "keystone", "endpoints": [endpoint]}],
        }


@asynccontextmanager
async def serve_keystone(tls: ssl.SSLContext | None = None) -> AsyncIterator[Keystone]:
    """Serve a Keystone on a free port of localhost, over TLS with `tls`."""
    keystone = Keystone()
    runner = web.ServerRunner(web.Server(keystone.handle), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    keystone.url = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    yield keystone
    await runner.cleanup()


def session_at(url: str, options: KeystoneOptions = OPTIONS) -> ServiceSession:
    """Return a session that logs in to the Keystone with this `url`."""

    def make_plugin() -> Password:
        return Password(
            auth_url=url + "/v3",
            username="glimpse",
            password="hidden",
            user_domain_id="default",
            project_name="service",
            project_domain_id="default",
        )

    return ServiceSession(options, keystone_transport(options), make_plugin)


def identity_at(
    url: str,
    options: KeystoneOptions = OPTIONS,
    clock: Callable[[], float] = time.time,
    shared: SharedCache | None = None,
) -> KeystoneIdentity:
    """Return an identity that validates tokens at the Keystone with this `url`."""
    session = session_at(url, options)
    return KeystoneIdentity(options, session, keystone_transport(options), clock, shared)
