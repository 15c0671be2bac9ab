"""Tests of `glimpse.identity.embedded`."""
