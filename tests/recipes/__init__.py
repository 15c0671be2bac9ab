"""Tests of docs/recipes and the Containerfile; HAProxy and nginx are those of Debian."""
