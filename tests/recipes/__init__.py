"""The recipes of docs/recipes with the real programs, as Debian packages them."""
