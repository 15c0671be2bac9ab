"""Tests with unmodified clients, each in its own environment, against a running Glimpse."""
