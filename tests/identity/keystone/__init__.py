"""Tests of `glimpse.identity.keystone`."""
