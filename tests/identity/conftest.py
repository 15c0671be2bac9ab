"""Fixtures of the tests of identity."""

from tests.identity.cloud import cloud

__all__ = ["cloud"]
