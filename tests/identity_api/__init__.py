"""Tests of `glimpse.identity_api`."""
