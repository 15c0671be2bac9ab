"""What the HTTP APIs share: middleware, proxy headers, bodies, health checks, responses."""
