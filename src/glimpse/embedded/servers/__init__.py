"""The embedded servers of a cloud for tests, and the snapshots of these servers."""
