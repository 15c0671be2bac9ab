"""Fuzzers: random requests over all routes, and random bytes below HTTP (`make fuzz`)."""
