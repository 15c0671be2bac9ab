"""Tests of `glimpse.embedded.sqlite`."""
