"""Servers: the domain of Compute's servers: their states, lists and snapshots. No HTTP."""
