"""The handlers of the Identity API, a class for each noun. `routes` has their paths."""
