"""unicode_text: the type of arguments that are stored or sent as text."""

import argparse


def unicode_text(argument: str) -> str:
    """Return an argument unchanged.

    Raises ArgumentTypeError if the argument has bytes that are not UTF-8.
    """
    try:
        argument.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError("it has bytes that are not valid UTF-8") from None
    return argument
