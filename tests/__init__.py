"""The tests; each directory mirrors a package of the source or is named for what it shows."""
