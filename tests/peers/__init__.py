"""Glimpse in front of a real Keystone and a real Glance."""
