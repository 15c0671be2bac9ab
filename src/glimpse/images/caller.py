"""Caller: the authenticated user of a request, with its project and roles."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated user of a request, and the project that the token is for.

    ``project_id`` is None for a token that is not scoped to a project. A caller with ``is_admin``
    and a project may see and edit every image by Glance's default policy. ``roles`` may be in any
    case. Names and domain ids are None if they are unknown. ``token`` is sent to Glance; ``repr``
    omits the token to keep it out of logs. Comparisons of callers ignore the token.
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
