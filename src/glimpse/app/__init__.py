"""Composition: puts the parts of a configuration together, for `cli` and `asgi`."""
