"""Caller: the authenticated user of a request, with its project and roles."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated user acting in a project; immutable, so it may be cached per token.

    ``project_id`` is None for a token without project scope. ``is_admin``: the caller may see and
    edit every image, like an admin in Glance. ``token`` is sent to Glance; it is not in ``repr``,
    so that no log contains it.
    """

    user_id: str
    project_id: str | None
    roles: frozenset[str] = frozenset()
    is_admin: bool = False
    user_name: str | None = None
    project_name: str | None = None
    user_domain_id: str | None = None
    project_domain_id: str | None = None
    token: str = field(default="", repr=False, compare=False)
