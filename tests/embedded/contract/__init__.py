"""The contract of Catalog, tested on every engine."""
