"""Who is calling: what identity finds out, and what an image service needs to know."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated user acting in a project; immutable, so it may be cached per token.

    ``token`` is the caller's own, for the image service that asks for it; it is kept out of
    ``repr`` so that it cannot reach a log. ``is_admin`` means what it means to the Image service:
    sees and edits every image.
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
