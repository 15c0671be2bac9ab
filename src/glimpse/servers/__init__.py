"""The domain of servers: as much of Compute's as snapshots of them need. No HTTP, no database."""
