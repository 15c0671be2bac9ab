"""GroupHandlers: list the groups; the list is always empty."""

from starlette.requests import Request
from starlette.responses import Response

from glimpse.identity_api import policy, schemas
from glimpse.identity_api.handlers.base import IdentityHandlers, list_response
from glimpse.identity_api.list_query import ListRules

_LIST = ListRules(
    ("domain_id", "name"),
    {name: schemas.USER.attributes[name] for name in ("name", "domain_id")},
)


class GroupHandlers(IdentityHandlers):
    """The handler of ``GET /v3/groups``. There are no groups, and none can be created.

    Clients that list groups, such as Ansible's identity_group_info, get an empty list, not an
    error.
    """

    async def list_groups(self, request: Request) -> Response:
        """Respond with an empty list.

        Raises Forbidden if the caller may not list groups, BadRequest for an invalid parameter, and
        NotFound for any ``marker`` that is not empty. Raises the errors of `authenticate`, such as
        Unauthorized for an invalid token.
        """
        session = self.authenticate(request)
        own = session.domain.id if session.domain else None
        policy.check(session, "list_groups", policy.PolicyTarget(domain_id=own))
        return list_response(request, "groups", [], _LIST)
