"""Processes and sockets: supervisor and workers, reload, systemd, and HTTP/1.1 for uvicorn."""
