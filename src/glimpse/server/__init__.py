"""Processes and sockets: supervisor, workers, systemd, and HTTP/1.1 connections."""
