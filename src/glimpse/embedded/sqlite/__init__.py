"""The catalog engine of one machine: SQLite, in a file that its worker processes share."""
