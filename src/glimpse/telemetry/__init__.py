"""Logs and metrics: the request context, the access log, redaction, and the observer."""
