"""Tests of `glimpse.settings`."""
