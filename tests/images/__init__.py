"""Tests of `glimpse.images`."""
