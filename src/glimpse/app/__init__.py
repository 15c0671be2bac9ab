"""Composition: puts the parts of one configuration together. Only `cli` and `asgi` import it."""
