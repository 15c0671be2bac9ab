"""Tests of `glimpse.upstream`."""
