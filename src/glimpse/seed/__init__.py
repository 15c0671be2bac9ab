"""Seeds: YAML files with the users, images and servers of a cloud that is the same at every start.

`parser` makes a Seed of the text of a file, `apply` writes it to a state directory.
"""
