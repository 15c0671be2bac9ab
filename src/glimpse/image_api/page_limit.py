"""Parse the parameter ``limit``: how many entries a page of a list has."""

from glimpse.images.errors import Invalid

# limit_param_default and api_limit_max of the Image service
_DEFAULT_LIMIT = 25
_MAX_LIMIT = 1000


def parse_limit(text: str | None) -> int:
    """Return the number of entries in a page: 25 if `text` is None, and never more than 1,000.

    Returns 0 for "0". Raises Invalid for a negative number, and for text that is not a whole
    number.
    """
    if text is None:
        return _DEFAULT_LIMIT
    try:
        limit = int(text)
    except ValueError:
        raise Invalid("limit param must be an integer") from None
    if limit < 0:
        raise Invalid("limit param must be positive")
    return min(limit, _MAX_LIMIT)
