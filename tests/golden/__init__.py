"""Exchanges recorded from a real Compute API, replayed against Glimpse."""
