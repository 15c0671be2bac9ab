"""The Compute Images API."""
