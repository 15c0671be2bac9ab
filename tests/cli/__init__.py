"""Tests of `glimpse.cli`."""
