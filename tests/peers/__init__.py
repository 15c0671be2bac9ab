"""Tests of Glimpse with a real Keystone and a real Glance."""
