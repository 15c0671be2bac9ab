"""Tests of `glimpse.embedded`."""
