"""The catalog engine on SQLite: a file that all worker processes of one machine share."""
