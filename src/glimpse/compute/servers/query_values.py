"""Parse values that the queries of lists of servers and of flavors have in common."""

from collections.abc import Sequence

from glimpse.compute.faults import Fault

MAX_LIMIT = 1000  # servers or flavors in a page: Compute's default of [api] max_limit
STRICT = 75  # from microversion 2.75, unknown parameters are a 400 fault
_TRUE = frozenset(("1", "t", "true", "on", "y", "yes"))
_FALSE = frozenset(("0", "f", "false", "off", "n", "no"))
BOOLEANS = tuple(sorted(_TRUE | _FALSE))


def parse_limit(texts: Sequence[str]) -> int:
    """Return the last limit in `texts`, but at most MAX_LIMIT; MAX_LIMIT if `texts` is empty.

    Raises a 400 fault if a text is not a whole number in digits, or is empty. A limit of 0 is
    valid. A newline at the end of a text is accepted. All this is as in Compute.
    """
    for text in texts:
        digits = text.removesuffix("\n")
        if not (digits.isascii() and digits.isdecimal()):
            raise invalid_parameter("limit", text, "It must be a whole number.")
    if not texts:
        return MAX_LIMIT
    digits = texts[-1].removesuffix("\n").lstrip("0") or "0"
    return min(int(digits[:30]), MAX_LIMIT)


def parse_boolean(text: str) -> bool | None:
    """Return the boolean of a text such as ``yes``, ``off`` or ``0``; None for any other text.

    BOOLEANS has all these texts. Case does not matter.
    """
    text = text.lower()
    return text in _TRUE if text in BOOLEANS else None


def unknown_parameter(name: str) -> Fault:
    """Return the 400 fault for a query parameter that a list does not have."""
    return Fault(400, f"The query parameter {name!r} is not known.")


def invalid_parameter(name: str, value: str, reason: str) -> Fault:
    """Return the 400 fault for a query parameter whose value is not valid.

    `reason` is a sentence that says which values are valid.
    """
    return Fault(400, f"Invalid input for query parameters {name}. Value: {value}. {reason}")
