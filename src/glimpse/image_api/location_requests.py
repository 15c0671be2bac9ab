"""Check the bodies of requests that add a location to an image. Pure."""

from glimpse.images.errors import Invalid

_ALGORITHMS = ("sha1", "sha256", "sha512", "md5")
_MAX_HASH = 128  # characters
_KEYS = {"os_hash_algo", "os_hash_value"}


def check_new_location(body: object) -> None:
    """Raise Invalid if a body is not ``{"url": "http://...", "validation_data": {...}}``.

    The URL may be any text. Other keys of the body are ignored. ``validation_data`` may be missing
    or empty. Otherwise it must have exactly two keys: ``os_hash_algo``, one of sha1, sha256, sha512
    and md5, and ``os_hash_value``, text of at most 128 characters.
    """
    if not isinstance(body, dict) or not isinstance(body.get("url"), str):
        raise Invalid('The body must be a JSON object with a string "url".')
    if "validation_data" not in body:
        return
    data = body["validation_data"]
    if not isinstance(data, dict) or (data and data.keys() != _KEYS):
        raise Invalid('"validation_data" must have "os_hash_algo" and "os_hash_value" only.')
    value = data.get("os_hash_value", "")
    if data and data["os_hash_algo"] not in _ALGORITHMS:
        raise Invalid(f'"os_hash_algo" must be one of {", ".join(_ALGORITHMS)}.')
    if not isinstance(value, str) or len(value) > _MAX_HASH:
        raise Invalid(f'"os_hash_value" must be a string of at most {_MAX_HASH} characters.')
