"""Who is calling: keystone, embedded or noauth, each giving one Caller."""

from glimpse.identity.access_rules import Asked
from glimpse.identity.base import Identity, IdentityError, IdentityUnavailable, Unauthorized

__all__ = ["Asked", "Identity", "IdentityError", "IdentityUnavailable", "Unauthorized"]
