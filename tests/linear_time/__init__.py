"""Regular expressions and loops over text from outside take linear time."""
