"""Test helpers: server processes, HTTP clients and servers, clouds with users and images."""
