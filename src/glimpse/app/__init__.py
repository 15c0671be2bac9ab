"""Composition: makes the application from the settings, for `cli` and `asgi`."""
