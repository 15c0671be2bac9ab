"""Seeds: YAML files that describe the users, images and servers of a cloud.

The cloud is the same at every start. `parser` makes a Seed of the text of a file. `apply` writes a
Seed to a state directory.
"""
