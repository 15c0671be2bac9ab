"""HTTP to other services: transport, connection pool, TLS, backoff, single-flight."""
