"""The servers of a cloud for tests, and their snapshots."""
