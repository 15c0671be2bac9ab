"""Caches that are bounded in memory, whatever clients send."""
