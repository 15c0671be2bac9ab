"""Tests of `glimpse.glance`."""
