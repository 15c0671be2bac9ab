"""The tests. A directory mirrors a package of the source, or is named for what it tests."""
