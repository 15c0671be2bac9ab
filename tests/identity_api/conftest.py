"""Fixtures of the tests of the Identity API."""

import pytest

from tests.identity.cloud import Cloud, cloud
from tests.identity.quick_hashes import quick_hashes
from tests.identity_api.objects import Objects

__all__ = ["cloud", "objects", "quick_hashes"]


@pytest.fixture
def objects(cloud: Cloud, quick_hashes: None) -> Objects:  # noqa: ARG001  for its effect
    """A client that acts as the user admin."""
    return Objects(cloud)
