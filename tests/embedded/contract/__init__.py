"""The contract of Catalog, tested with each engine."""
