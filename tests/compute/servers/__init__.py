"""Tests of the operations on servers."""
