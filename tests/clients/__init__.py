"""Real, unmodified clients against a running Glimpse; each in an environment of its own."""
