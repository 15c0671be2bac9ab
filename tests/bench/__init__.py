"""Tests of the benchmarks' tables and pictures."""
