"""KeystoneIdentity: validates tokens at Keystone, as keystonemiddleware's auth_token does."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from glimpse.identity.access_rules import AccessRule, RequestTarget, is_allowed
from glimpse.identity.keystone.options import KeystoneOptions
from glimpse.identity.keystone.service_session import ServiceSession
from glimpse.identity.keystone.shared_cache import SharedCache, SharedEntry
from glimpse.identity.keystone.token_cache import (
    RefusedTokens,
    TokenCache,
    ValidatedToken,
    cache_key,
)
from glimpse.identity.keystone.token_document import parse_validation
from glimpse.identity.keystone.validation_requests import INVALID_TOKEN, TokenValidator
from glimpse.identity.service import Identity, IdentityUnavailable, Unauthorized
from glimpse.images import Caller
from glimpse.telemetry.request_context import current_context
from glimpse.upstream.single_flight import SingleFlight
from glimpse.upstream.transport import Transport
from glimpse.upstream.urls import strip_credentials

_log = logging.getLogger(__name__)

_COMPUTE = "compute"  # the service of a RequestTarget of the Compute API


class KeystoneIdentity:
    """Implements Identity with tokens that Keystone validates.

    A valid token is cached for at most `token_cache_time` seconds, and not after it expires. A
    cached token is accepted without a request to Keystone, even if Keystone is unavailable or has
    revoked the token. A token that Keystone refused is refused without a request for up to five
    seconds. With a `token_cache_time` of 0 or less, nothing is cached.

    `session` logs Glimpse in, and `transport` sends the validations. With `shared`, processes share
    Keystone's responses through memcached. `close` closes `session`, `transport` and `shared`.
    `clock` returns POSIX times.
    """

    def __init__(
        self,
        options: KeystoneOptions,
        session: ServiceSession,
        transport: Transport,
        clock: Callable[[], float] = time.time,
        shared: SharedCache | None = None,
    ) -> None:
        self._options = options
        self._session = session
        self._transport = transport
        self._clock = clock
        self._shared = shared
        self._validator = TokenValidator(options, session, transport)
        self._cache = TokenCache(options.token_cache_time, clock)
        self._refused = RefusedTokens(options.token_cache_time)
        self._validations: dict[tuple[str, bool], SingleFlight[[], ValidatedToken]] = {}

    async def authenticate(
        self,
        token: str | None,
        service_token: str | None = None,
        target: RequestTarget | None = None,
    ) -> Caller:
        """Implement Identity.authenticate: return the caller of `token`.

        White space around the tokens is removed. `service_token` is validated before `token`. If
        the user of `service_token` has one of `service_token_roles`, `token` may have expired, and
        the access rules of `token` are not checked. If the user has none of these roles, raises
        Unauthorized if `service_token_roles_required` is True; otherwise ignores `service_token`.

        Raises Unauthorized, too, if `token` is missing or blank, or if `token` or `service_token`
        is not valid. If `token` has access rules, raises Unauthorized if no rule allows `target`,
        or if `target` is None. Raises IdentityUnavailable if Keystone cannot validate a token that
        is not cached. For each of the two tokens, waits for Keystone at most `http_connect_timeout`
        seconds.
        """
        is_service = False
        if service_token:
            service = await self._validated(service_token.strip(), allow_expired=False)
            is_service = not service.caller.roles.isdisjoint(self._options.service_token_roles)
            if not is_service and self._options.service_token_roles_required:
                raise Unauthorized("The service token is not one of a service.")
        if not token or not token.strip():
            raise Unauthorized("A token is required.")
        token = token.strip()
        validated = await self._validated(token, allow_expired=is_service)
        if validated.access_rules is not None and not is_service:
            self._check_access_rules(validated.access_rules, target)
        return replace(validated.caller, token=token)

    def _check_access_rules(
        self, rules: Sequence[AccessRule], target: RequestTarget | None
    ) -> None:
        """Raise Unauthorized if `target` is None, or if none of `rules` allows `target`.

        A rule must name the service of `target`. For the Compute API, that is the value of the
        option `service_type`, for example ``compute``.
        """
        if target is not None and target.service == _COMPUTE:
            target = target._replace(service=self._options.service_type)
        if not is_allowed(rules, target):
            raise Unauthorized("The access rules of the application credential do not allow it.")

    async def _validated(self, token: str, *, allow_expired: bool) -> ValidatedToken:
        """Return the caller, expiry and access rules of a token, from the cache or from Keystone.

        Concurrent calls with the same `token` and `allow_expired` share one validation. If one of
        the calls is cancelled, the validation goes on. Counts a hit or a miss of the cache in the
        metrics.

        Raises Unauthorized if Keystone refuses the token, or refused it up to five seconds ago with
        the same `allow_expired`. Unless `allow_expired`, raises Unauthorized for an expired token,
        too. Raises IdentityUnavailable if the token could not be checked.
        """
        key = cache_key(token)
        validated = self._cache.get(key)
        current_context.get().observer.token_looked_up(hit=validated is not None)
        if validated is None:
            validation_key = (key, allow_expired)
            if validation_key in self._refused:
                raise Unauthorized(INVALID_TOKEN)
            validation = self._validations.get(validation_key)
            if validation is None:
                validation = SingleFlight(partial(self._validate_uncached, token, validation_key))
                self._validations[validation_key] = validation
            validated = await validation.join()
        if not allow_expired and validated.expires_at <= self._clock():
            raise Unauthorized(INVALID_TOKEN)
        return validated

    async def _validate_uncached(
        self, token: str, validation_key: tuple[str, bool]
    ) -> ValidatedToken:
        """Validate a token that this process has not cached, and cache the result.

        `validation_key` is a pair: the `cache_key` of `token`, and True if `token` may have
        expired. Before the call, ``_validations`` must have an entry for `validation_key`. The
        entry is removed at the end, also after an error.

        Looks into the shared cache first, then calls Keystone. A response of Keystone is also
        stored in the shared cache. Raises Unauthorized if Keystone refuses `token`, and caches the
        refusal in this process for a few seconds. Raises IdentityUnavailable if `token` could not
        be checked; then nothing is cached.
        """
        key, allow_expired = validation_key
        try:
            validated = await self._read_shared(token)
            if validated is None:
                body = await self._validator.validate(token, allow_expired=allow_expired)
                validated = self._parse(body)
                await self._write_shared(token, body, validated)
        except Unauthorized:
            self._refused.add(validation_key)
            raise
        finally:
            del self._validations[validation_key]
        self._cache.put(key, validated)
        return validated

    def _parse(self, body: bytes) -> ValidatedToken:
        """Parse the body of Keystone's response to a validation.

        If `body` is invalid, logs an error and raises IdentityUnavailable.
        """
        try:
            return parse_validation(body, self._clock())
        except IdentityUnavailable:
            _log.error(
                "Keystone sent an invalid response to the validation of a token: check that its "
                "endpoint in the catalog of %s is the URL of Keystone, not of another server.",
                strip_credentials(self._session.auth_url or "the plugin's Keystone"),
            )
            raise

    async def _read_shared(self, token: str) -> ValidatedToken | None:
        """Return the token from the shared cache, or None. Never raises.

        Returns None if there is no shared cache, if memcached does not respond, or if the token's
        entry is missing, invalid, or at least `token_cache_time` seconds old. Does not check
        whether the token has expired.
        """
        entry = await self._shared.get(token) if self._shared else None
        if entry is None:
            return None
        now = self._clock()
        if entry.validated_at + self._options.token_cache_time <= now:
            return None
        # Another machine's clock may be ahead; that must not make the token stay cached for longer.
        validated_at = min(entry.validated_at, now)
        try:
            return parse_validation(entry.body, validated_at)
        except IdentityUnavailable:
            return None  # written by another version of Glimpse: validate at Keystone

    async def _write_shared(self, token: str, body: bytes, validated: ValidatedToken) -> None:
        """Store `body`, Keystone's response for `token`, in the shared cache if there is one.

        The entry is kept for `token_cache_time` seconds, but not after the token expires. Stores
        nothing if that is less than a second, if the entry has more than 256 KiB, or if memcached
        does not respond. Never raises.
        """
        seconds = min(self._options.token_cache_time, int(validated.expires_at - self._clock()))
        if self._shared and seconds > 0:
            await self._shared.put(token, SharedEntry(body, validated.validated_at), seconds)

    def challenge(self, own_url: str) -> str:
        """Implement Identity.challenge: return ``Keystone uri="URL"``.

        URL is the option `www_authenticate_uri`. If the option is not set, URL is the ``auth_url``
        at which Glimpse itself logs in, or `own_url` if the plugin has no ``auth_url``.
        """
        uri = self._options.www_authenticate_uri or self._session.auth_url
        return f'Keystone uri="{uri or own_url}"'

    def copy_cache(self, other: Identity) -> None:
        """Replace the cache of valid tokens by that of `other`.

        Both identities then read and write the same cache. Tokens that Keystone refused are not
        taken over. Does nothing if `other` is not a KeystoneIdentity with the same options and the
        same ``auth_url``, because another Keystone may refuse the cached tokens.
        """
        if not isinstance(other, KeystoneIdentity):
            return
        has_same_options = other._options == self._options  # noqa: SLF001  of this class
        if has_same_options and other._session.auth_url == self._session.auth_url:  # noqa: SLF001  of the same class
            self._cache = other._cache  # noqa: SLF001  of the same class

    async def ping(self) -> str | None:
        """Return None if Keystone is available, else the reason, a text for operators.

        Logs in if Glimpse has no token yet, then sends one request without retries. Keystone is
        available if the login succeeds, and the status code of the response is below 500. The login
        and the request each take at most `http_connect_timeout` seconds. Raises nothing.
        """
        return await self._validator.ping()

    async def close(self) -> None:
        """Cancel validations in progress, and close `session`, `transport` and `shared`.

        Calls of `authenticate` that wait for a validation raise CancelledError.
        """
        for validation in list(self._validations.values()):
            validation.close()
        await self._session.close()
        await self._transport.close()
        if self._shared:
            self._shared.close()
