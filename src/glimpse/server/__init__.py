"""Processes and sockets: supervisor, workers, reload, systemd, and HTTP/1.1 over uvicorn."""
