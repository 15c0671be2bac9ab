"""Tests of `glimpse.app`."""
