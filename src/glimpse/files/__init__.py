"""Helpers for packages that keep files in a state directory."""
