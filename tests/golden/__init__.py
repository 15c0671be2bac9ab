"""Replays of exchanges that were recorded from a real Compute API."""
