"""Composition: puts the components of a configuration together, for `cli` and `asgi`."""
