"""Tests of `glimpse.identity`."""
