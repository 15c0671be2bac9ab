"""The port Identity, which validates tokens; keystone, embedded and noauth implement it."""

from glimpse.identity.access_rules import RequestTarget
from glimpse.identity.service import Identity, IdentityError, IdentityUnavailable, Unauthorized

__all__ = ["Identity", "IdentityError", "IdentityUnavailable", "RequestTarget", "Unauthorized"]
