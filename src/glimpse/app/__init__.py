"""Composition: makes the application that the settings describe, for `cli` and `asgi`."""
