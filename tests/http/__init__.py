"""Tests of `glimpse.http`."""  # noqa: A005  mirrors the package under test
