"""The Identity API v3 over the embedded identity, as much of it as clients need to log in."""
