"""Tests of `glimpse.compute`."""
