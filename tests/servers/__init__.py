"""Tests of the domain of servers."""
