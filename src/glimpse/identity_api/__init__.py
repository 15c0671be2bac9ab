"""The API of the embedded identity: the part of the Identity API v3 that clients need."""
