"""Fixtures of the tests of identity."""

from tests.identity.cloud import cloud
from tests.identity.quick_hashes import quick_hashes

__all__ = ["cloud", "quick_hashes"]
