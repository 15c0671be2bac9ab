"""Tests of what `make dist` builds; only `make test-dist` runs them."""
