"""Caller: the authenticated user of a request, as an image service needs to know it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated user acting in a project; immutable, so it may be cached per token.

    ``project_id`` is None for a token without project scope. ``is_admin``: may see and edit every
    image, as an admin of the Image service. ``token`` is sent to the image service; it is not in
    ``repr``, so that no log shows it.
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
