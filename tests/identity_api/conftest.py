"""Fixtures of the tests of the Identity API."""

from tests.identity.cloud import cloud

__all__ = ["cloud"]
