"""Identity: finds the Caller of a request; implemented by keystone, embedded and noauth."""

from glimpse.identity.access_rules import RequestTarget
from glimpse.identity.service import Identity, IdentityError, IdentityUnavailable, Unauthorized

__all__ = ["Identity", "IdentityError", "IdentityUnavailable", "RequestTarget", "Unauthorized"]
