"""Servers: what snapshots need to know of Compute's servers. No HTTP, no database."""
