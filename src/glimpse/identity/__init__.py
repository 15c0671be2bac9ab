"""Who is calling: keystone, embedded or noauth, each giving one Caller."""

from glimpse.identity.base import Identity, IdentityError, IdentityUnavailable, Unauthorized

__all__ = ["Identity", "IdentityError", "IdentityUnavailable", "Unauthorized"]
