"""Fills in the URLs of endpoints, such as ``http://host/v1/%(project_id)s``."""

import re

# The names that Glimpse substitutes. Keystone also substitutes names of its own options.
_KNOWN = frozenset(("tenant_id", "project_id", "user_id"))
_SUBSTITUTION = re.compile(r"[%$]\(([a-z_]{1,32})\)s")


def has_valid_substitutions(url: str) -> bool:
    """Return True if `url` has only known substitutions, and ``%`` is not used otherwise.

    Known substitutions are ``%(user_id)s``, ``%(project_id)s`` and ``%(tenant_id)s``, also with
    ``$`` in place of ``%``. ``%%`` is valid, too, and stands for ``%``, as in Keystone. Any other
    ``%`` or ``$(`` is invalid. Nothing else in `url` is checked.
    """
    rest, names = _split(url)
    return names <= _KNOWN and "%" not in rest and "$(" not in rest


def expand_url(url: str, user_id: str, project_id: str | None) -> str | None:
    """Return `url` with ids in place of its substitutions, and ``%`` in place of ``%%``.

    `user_id` and `project_id` are the user and the project of the token. They are not
    percent-encoded. Returns None if `url` has an unknown substitution, or another ``%`` or ``$(``.
    Returns None, too, if `url` needs the id of a project and `project_id` is None.
    """
    if not has_valid_substitutions(url):
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
    """Return `url` without its substitutions, and the names of the substitutions.

    The names may be unknown. Each ``%%`` in `url` becomes a space in the first result. So a ``%``
    in the first result is always an invalid one.
    """
    parts = url.split("%%")
    names = {name for part in parts for name in _SUBSTITUTION.findall(part)}
    return " ".join(_SUBSTITUTION.sub("", part) for part in parts), names
