"""Tests of `glimpse.telemetry`."""
