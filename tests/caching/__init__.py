"""Tests of `glimpse.caching`."""
