"""Tests of `glimpse.bulk_load`."""
