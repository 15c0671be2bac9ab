"""Shared by the HTTP APIs: middleware, proxy headers, bodies, health checks, responses."""
