"""Tests of `glimpse.server`."""
