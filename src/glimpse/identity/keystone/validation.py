"""KeystoneIdentity: tokens validated by Keystone, as keystonemiddleware's auth_token does."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from http import HTTPStatus

from glimpse.identity.access_rules import AccessRule, RequestTarget, allowed
from glimpse.identity.keystone.cache import RefusedTokens, TokenCache, Validated, cache_key
from glimpse.identity.keystone.options import KeystoneOptions
from glimpse.identity.keystone.service_session import ServiceSession
from glimpse.identity.keystone.shared_cache import Entry, SharedCache
from glimpse.identity.keystone.token_document import parse_validation
from glimpse.identity.service import Identity, IdentityUnavailable, Unauthorized
from glimpse.images import Caller
from glimpse.telemetry.request_context import current_context
from glimpse.upstream.client import HttpClient
from glimpse.upstream.errors import ConnectError, UpstreamError
from glimpse.upstream.urls import strip_credentials
from glimpse.upstream.waiting import retry_delay

_log = logging.getLogger(__name__)

_MOST_BYTES = 1024 * 1024  # of an answer; what it says of a token is a few thousand
_LONGEST_TOKEN = 8000  # web servers take header lines of 8 KiB, and close the connection at longer
# What Keystone, or the server it runs in, says of a text that is none of its tokens
_NO_TOKEN = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
)
_COMPUTE = "compute"
_REFUSED = "The token is not valid."
_UNAVAILABLE = "The Keystone service is temporarily unavailable."


class KeystoneIdentity:
    """Validates each token once per `token_cache_time`, however many requests carry it.

    Known tokens keep working while Keystone is down. What is known is shared with other processes
    through `shared`.
    """

    def __init__(
        self,
        options: KeystoneOptions,
        service: ServiceSession,
        clock: Callable[[], float] = time.time,
        shared: SharedCache | None = None,
    ) -> None:
        self._options = options
        self._shared = shared
        self._service = service
        self._clock = clock
        self.asks = (options, service.auth_url)
        self.cache = TokenCache(options.token_cache_time, clock)
        self._refused = RefusedTokens(options.token_cache_time)
        self._running: dict[tuple[str, bool], asyncio.Task[Validated]] = {}
        self._http = HttpClient(
            tls=options.tls,
            connect_timeout=options.http_connect_timeout,
            silence_timeout=options.http_connect_timeout,
        )

    async def authenticate(
        self,
        token: str | None,
        service_token: str | None = None,
        target: RequestTarget | None = None,
    ) -> Caller:
        """Return the caller whose token it is; see Identity.

        A service token that has one of `service_token_roles` makes an expired user token good, and
        one that access rules restrict good for everything.
        """
        allow_expired = False
        if service_token:
            service = (await self._validated(service_token.strip(), allow_expired=False)).caller
            allow_expired = not service.roles.isdisjoint(self._options.service_token_roles)
            if not allow_expired and self._options.service_token_roles_required:
                raise Unauthorized("The service token is not one of a service.")
        if not token or not token.strip():
            raise Unauthorized("A token is required.")
        token = token.strip()
        validated = await self._validated(token, allow_expired=allow_expired)
        if validated.rules is not None and not allow_expired:
            self._check(validated.rules, target)
        return replace(validated.caller, token=token)

    def _check(self, rules: Sequence[AccessRule], target: RequestTarget | None) -> None:
        """Raise Unauthorized for what access rules do not allow."""
        if target is not None and target.service == _COMPUTE:
            target = target._replace(service=self._options.service_type)
        if not allowed(rules, target):
            raise Unauthorized("The access rules of the application credential do not allow it.")

    async def _validated(self, token: str, *, allow_expired: bool) -> Validated:
        """From the cache, or from the one validation of this token that is under way."""
        key = cache_key(token)
        known = self.cache.get(key)
        current_context.get().observer.token_looked_up(hit=known is not None)
        if known is None:
            flight = (key, allow_expired)
            if flight in self._refused:
                raise Unauthorized(_REFUSED)
            task = self._running.get(flight)
            if task is None:
                task = asyncio.create_task(self._validate(token, allow_expired=allow_expired))
                self._running[flight] = task
                task.add_done_callback(lambda done: self._landed(flight, done))
            # Shielded: whoever stops waiting does not stop it for the others.
            known = await asyncio.shield(task)
        if not allow_expired and known.expires_at <= self._clock():
            raise Unauthorized(_REFUSED)
        return known

    def _landed(self, flight: tuple[str, bool], task: "asyncio.Task[Validated]") -> None:
        del self._running[flight]
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self.cache.put(flight[0], task.result())
        elif isinstance(error, Unauthorized):
            self._refused.add(flight)

    async def _validate(self, token: str, *, allow_expired: bool) -> Validated:
        """Ask the shared cache, then Keystone, within `http_connect_timeout` whatever it does."""
        known = await self._shared_validation(token)
        if known is not None:
            return known
        try:
            async with asyncio.timeout(self._options.http_connect_timeout):
                body = await self._ask_keystone(token, allow_expired=allow_expired)
        except TimeoutError:
            raise IdentityUnavailable(_UNAVAILABLE) from None
        validated = parse_validation(body, self._options.admin_roles, self._clock())
        await self._share(token, body, validated)
        return validated

    async def _shared_validation(self, token: str) -> Validated | None:
        """What another process has found out, as long as this one would have believed it."""
        entry = await self._shared.get(token) if self._shared else None
        if entry is None:
            return None
        now = self._clock()
        if entry.validated_at + self._options.token_cache_time <= now:
            return None
        # Another machine's clock may be ahead; that makes nothing believed for longer.
        validated_at = min(entry.validated_at, now)
        try:
            return parse_validation(entry.body, self._options.admin_roles, validated_at)
        except IdentityUnavailable:
            return None  # written by another version: Keystone is asked

    async def _share(self, token: str, body: bytes, validated: Validated) -> None:
        seconds = min(self._options.token_cache_time, int(validated.expires_at - self._clock()))
        if self._shared and seconds > 0:
            await self._shared.put(token, Entry(body, validated.validated_at), seconds)

    async def _ask_keystone(self, token: str, *, allow_expired: bool) -> bytes:
        """Ask; once more with a new token of our own if Keystone refuses ours."""
        for _ in range(2):
            own_token, endpoint = await self._service.token_and_endpoint()
            status, body = await self._ask_again(
                endpoint, own_token, token, allow_expired=allow_expired
            )
            if status == HTTPStatus.OK:
                return body
            if status in _NO_TOKEN:
                raise Unauthorized(_REFUSED)
            if status != HTTPStatus.UNAUTHORIZED:
                break
            self._service.forget(own_token)
        _log.error("Keystone answered %s to the validation of a token.", status)
        raise IdentityUnavailable(_UNAVAILABLE)

    async def _ask_again(
        self, endpoint: str, own_token: str, token: str, *, allow_expired: bool
    ) -> tuple[int, bytes]:
        """Ask, and up to `http_request_max_retries` times more while Keystone is in trouble."""
        for attempt in range(1, self._options.http_request_max_retries + 1):
            try:
                answer = await self._ask(endpoint, own_token, token, allow_expired=allow_expired)
            except IdentityUnavailable:
                pass
            else:
                if answer[0] < HTTPStatus.INTERNAL_SERVER_ERROR:
                    return answer
            current_context.get().observer.call_retried("keystone")
            await asyncio.sleep(retry_delay(attempt))
        return await self._ask(endpoint, own_token, token, allow_expired=allow_expired)

    async def _ask(
        self, endpoint: str, own_token: str, token: str, *, allow_expired: bool
    ) -> tuple[int, bytes]:
        if not (token.isascii() and token.isprintable()) or len(token) > _LONGEST_TOKEN:
            raise Unauthorized(_REFUSED)  # no header can carry it
        query = "?nocatalog=1&allow_expired=1" if allow_expired else "?nocatalog=1"
        headers = {
            "X-Auth-Token": own_token,
            "X-Subject-Token": token,
            "Accept": "application/json",
            # Without it Keystone refuses application credentials that have access rules.
            "OpenStack-Identity-Access-Rules": "1.0",
        }
        began, outcome = time.perf_counter(), "timeout"  # what it is if a deadline cuts it short
        try:
            answer = await self._http.request(
                "GET", endpoint, f"/v3/auth/tokens{query}", headers, most_bytes=_MOST_BYTES
            )
        except (UpstreamError, TimeoutError) as error:
            if not isinstance(error, TimeoutError):
                outcome = "unreachable"
            if isinstance(error, ConnectError):
                self._service.forget(own_token)  # the catalog that came with it may be wrong
            _log.warning("Keystone does not validate a token: %s", error)
            raise IdentityUnavailable(_UNAVAILABLE) from None
        else:
            outcome = str(answer.status)
            if answer.redirect is not None:
                _log.error(
                    "Keystone at %s redirects to %s, which is not followed: name the right URL in "
                    "Keystone's catalog.",
                    strip_credentials(endpoint),
                    answer.redirect,
                )
            return answer.status, answer.body
        finally:
            seconds = time.perf_counter() - began
            current_context.get().call_ended("keystone", "GET", outcome, seconds)

    def challenge(self, base_url: str) -> str:
        """Where to authenticate: `www_authenticate_uri`, or where Glimpse itself does."""
        uri = self._options.www_authenticate_uri or self._service.auth_url
        return f'Keystone uri="{uri or base_url}"'

    def copy_cache(self, other: Identity) -> None:
        """Believe what the same Keystone said to one with the same options; see Identity."""
        if not isinstance(other, KeystoneIdentity):
            return
        if other.asks == self.asks:
            self.cache = other.cache

    async def ping(self) -> str | None:
        """None when Keystone has let us log in and answers now, else words for why not."""
        try:
            _, endpoint = await self._service.token_and_endpoint()
            async with asyncio.timeout(self._options.http_connect_timeout):
                answer = await self._http.request(
                    "GET", endpoint, "/v3", {}, most_bytes=_MOST_BYTES
                )
        except IdentityUnavailable as error:
            return str(error)
        except (UpstreamError, TimeoutError):
            return "Keystone cannot be reached"
        if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return None
        return "Keystone answers with errors"

    async def close(self) -> None:
        """End validations under way and close connections."""
        for task in list(self._running.values()):
            task.cancel()
        self._service.close()
        if self._shared:
            self._shared.close()
        await self._http.close()
