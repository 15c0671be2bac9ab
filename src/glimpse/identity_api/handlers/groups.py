"""GroupHandlers: list the groups, of which there are none."""

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
    """The handler of ``GET /v3/groups``; `unsupported_routes` has what creates groups.

    Clients that list groups, such as Ansible's identity_group_info, find none, and do not fail.
    """

    async def list_groups(self, request: Request) -> Response:
        """List no groups. Raises Forbidden if the caller may not list groups."""
        session = self.session(request)
        own = session.domain.id if session.domain else None
        policy.check(session, "list_groups", policy.Target(domain_id=own))
        return list_response(request, "groups", [], _LIST)
