"""URLs of endpoints with substitutions, such as ``http://host/v1/%(project_id)s``."""

import re

# The substitutions that Glimpse makes. Keystone makes these, and names of its own options.
_KNOWN = frozenset(("tenant_id", "project_id", "user_id"))
_SUBSTITUTION = re.compile(r"[%$]\(([a-z_]{1,32})\)s")


def is_valid_url(url: str) -> bool:
    """Return True if all substitutions of `url` are known, and it has no other ``%`` or ``$(``.

    As in Keystone, ``%%`` stands for ``%``.
    """
    rest, names = _split(url)
    return names <= _KNOWN and "%" not in rest and "$(" not in rest


def expand_url(url: str, user_id: str, project_id: str | None) -> str | None:
    """Return `url` with the ids of the token's user and project in place of substitutions.

    Returns None if it needs a project, and `project_id` is None, or if it is not valid.
    """
    if not is_valid_url(url):
        return None
    values = {"tenant_id": project_id, "project_id": project_id, "user_id": user_id}
    if any(values[name] is None for name in _split(url)[1]):
        return None
    parts = url.split("%%")
    expanded = (
        _SUBSTITUTION.sub(lambda match: values[match.group(1)] or "", part) for part in parts
    )
    return "%".join(expanded)


def _split(url: str) -> tuple[str, set[str]]:
    """Return `url` without substitutions and ``%%``, and the names of the substitutions."""
    parts = url.split("%%")
    names = {name for part in parts for name in _SUBSTITUTION.findall(part)}
    return " ".join(_SUBSTITUTION.sub("", part) for part in parts), names
