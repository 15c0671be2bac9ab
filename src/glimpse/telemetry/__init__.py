"""What is told about requests and calls: log lines, and what must not be in them."""
