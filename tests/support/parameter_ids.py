"""Readable ids for parameters of tests that are documents, bytes or objects."""

_MAX_LENGTH = 70


def parameter_id(value: object) -> str:
    """Return the start of the value's text in ASCII, for ``ids=parameter_id``."""
    return ascii(str(value))[1:-1][:_MAX_LENGTH]
