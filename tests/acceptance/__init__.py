"""Tests of running processes as a whole, over HTTP."""
