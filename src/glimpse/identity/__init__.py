"""Who is calling: keystone, embedded or noauth, each giving one Caller."""

from glimpse.identity.access_rules import RequestTarget
from glimpse.identity.service import Identity, IdentityError, IdentityUnavailable, Unauthorized

__all__ = ["Identity", "IdentityError", "IdentityUnavailable", "RequestTarget", "Unauthorized"]
