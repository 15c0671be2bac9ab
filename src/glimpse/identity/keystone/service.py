"""KeystoneIdentity: tokens validated by Keystone, as keystonemiddleware's auth_token does."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from glimpse.identity.access_rules import AccessRule, RequestTarget, allowed
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
from glimpse.identity.keystone.validation import INVALID_TOKEN, TokenValidator
from glimpse.identity.service import Identity, IdentityUnavailable, Unauthorized
from glimpse.images import Caller
from glimpse.telemetry.request_context import current_context
from glimpse.upstream.single_flight import SingleFlight

_COMPUTE = "compute"  # the service of a RequestTarget of the Compute API


class KeystoneIdentity:
    """Identity that Keystone keeps; implements the port Identity.

    A token is validated once in `token_cache_time` seconds, however many requests carry it, and
    stays valid for that time while Keystone is down. With `shared`, processes share what Keystone
    said. `clock` gives POSIX times.
    """

    def __init__(
        self,
        options: KeystoneOptions,
        session: ServiceSession,
        clock: Callable[[], float] = time.time,
        shared: SharedCache | None = None,
    ) -> None:
        self._options = options
        self._session = session
        self._clock = clock
        self._shared = shared
        self._validator = TokenValidator(options, session)
        self._cache = TokenCache(options.token_cache_time, clock)
        self._refused = RefusedTokens(options.token_cache_time)
        self._validations: dict[tuple[str, bool], SingleFlight[[], ValidatedToken]] = {}

    async def authenticate(
        self,
        token: str | None,
        service_token: str | None = None,
        target: RequestTarget | None = None,
    ) -> Caller:
        """Return the caller whose token it is, at most `http_connect_timeout` seconds later.

        With the service token of a user that has one of `service_token_roles`, an expired `token`
        is accepted, and its access rules are not checked. Raises Unauthorized for a token that
        Keystone refuses or whose access rules do not allow `target`, and for a service token that
        is refused, or has none of these roles and `service_token_roles_required` is set. Raises
        IdentityUnavailable if a token is not cached and Keystone cannot validate it.
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
        """Raise Unauthorized unless `rules` allow `target`."""
        if target is not None and target.service == _COMPUTE:
            target = target._replace(service=self._options.service_type)
        if not allowed(rules, target):
            raise Unauthorized("The access rules of the application credential do not allow it.")

    async def _validated(self, token: str, *, allow_expired: bool) -> ValidatedToken:
        """Return the token from the cache, or from its validation, which all requests share.

        Raises Unauthorized or IdentityUnavailable.
        """
        key = cache_key(token)
        validated = self._cache.get(key)
        current_context.get().observer.token_looked_up(hit=validated is not None)
        if validated is None:
            flight = (key, allow_expired)
            if flight in self._refused:
                raise Unauthorized(INVALID_TOKEN)
            validation = self._validations.get(flight)
            if validation is None:
                validation = SingleFlight(partial(self._validate, token, flight))
                self._validations[flight] = validation
            validated = await validation.join()
        if not allow_expired and validated.expires_at <= self._clock():
            raise Unauthorized(INVALID_TOKEN)
        return validated

    async def _validate(self, token: str, flight: tuple[str, bool]) -> ValidatedToken:
        """Ask the shared cache, then Keystone, and cache the result or the refusal.

        Raises Unauthorized or IdentityUnavailable.
        """
        key, allow_expired = flight
        try:
            validated = await self._read_shared(token)
            if validated is None:
                body = await self._validator.validate(token, allow_expired=allow_expired)
                validated = parse_validation(body, self._options.admin_roles, self._clock())
                await self._share(token, body, validated)
        except Unauthorized:
            self._refused.add(flight)
            raise
        finally:
            del self._validations[flight]
        self._cache.put(key, validated)
        return validated

    async def _read_shared(self, token: str) -> ValidatedToken | None:
        """Return a token that another process validated within the last `token_cache_time`."""
        entry = await self._shared.get(token) if self._shared else None
        if entry is None:
            return None
        now = self._clock()
        if entry.validated_at + self._options.token_cache_time <= now:
            return None
        # Another machine's clock may be ahead: that must not lengthen the time in the cache.
        validated_at = min(entry.validated_at, now)
        try:
            return parse_validation(entry.body, self._options.admin_roles, validated_at)
        except IdentityUnavailable:
            return None  # written by another version of Glimpse: ask Keystone

    async def _share(self, token: str, body: bytes, validated: ValidatedToken) -> None:
        seconds = min(self._options.token_cache_time, int(validated.expires_at - self._clock()))
        if self._shared and seconds > 0:
            await self._shared.put(token, SharedEntry(body, validated.validated_at), seconds)

    def challenge(self, base_url: str) -> str:
        """Implement Identity.challenge.

        Names `www_authenticate_uri`, or the URL at which Glimpse itself logs in.
        """
        uri = self._options.www_authenticate_uri or self._session.auth_url
        return f'Keystone uri="{uri or base_url}"'

    def copy_cache(self, other: Identity) -> None:
        """Use the token cache of `other` if it asks the same Keystone with the same options."""
        if not isinstance(other, KeystoneIdentity):
            return
        same_options = other._options == self._options  # noqa: SLF001  of this class
        if same_options and other._session.auth_url == self._session.auth_url:  # noqa: SLF001
            self._cache = other._cache  # noqa: SLF001

    async def ping(self) -> str | None:
        """Log in to Keystone and send it a request: return None if it responds, else why not."""
        return await self._validator.ping()

    async def close(self) -> None:
        """Cancel validations under way and close connections."""
        for validation in list(self._validations.values()):
            validation.close()
        self._session.close()
        if self._shared:
            self._shared.close()
        await self._validator.close()
