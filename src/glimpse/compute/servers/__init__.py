"""Compute's operations on servers and flavors, as far as snapshots of servers need them."""
