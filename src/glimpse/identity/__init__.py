"""Identity, the port (interface) that finds the caller of a token, and its errors.

The packages `keystone` and `embedded` and the module `noauth` implement Identity.
"""

from glimpse.identity.access_rules import RequestTarget
from glimpse.identity.service import Identity, IdentityError, IdentityUnavailable, Unauthorized

__all__ = ["Identity", "IdentityError", "IdentityUnavailable", "RequestTarget", "Unauthorized"]
