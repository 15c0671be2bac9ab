"""Glimpse: OpenStack Compute's Images API, in front of any Glance or on its own."""

__version__ = "0.2.0.dev0"
