"""AccessRuleHandlers: list, show and delete the access rules of a user."""

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.request_scope import base_url_of
from glimpse.identity.embedded.user_access_rules import delete_access_rule, find_access_rule
from glimpse.identity_api import policy
from glimpse.identity_api.documents.application_credentials import (
    link_to_access_rule,
    render_access_rule,
)
from glimpse.identity_api.handlers.base import IdentityHandlers, list_response, no_content
from glimpse.identity_api.list_query import ListRules
from glimpse.identity_api.responses import json_response

_LIST = ListRules(("service", "path", "method"))


class AccessRuleHandlers(IdentityHandlers):
    """The handlers of ``/v3/users/{user_id}/access_rules``.

    All handlers raise Forbidden if the caller may not perform the operation. As in Keystone, access
    rules of another user can be read only with the role reader on the system, and deleted only with
    the role admin on the system. Handlers treat an unknown user as a user without access rules.
    """

    async def list_access_rules(self, request: Request) -> Response:
        """List the access rules of a user that match the query, sorted by id, or one page of them.

        The query may filter by ``service``, ``path`` and ``method``; ``limit`` and ``marker``
        choose the page. The list is empty for an unknown user. Raises Forbidden if the caller may
        not see access rules of the user, BadRequest for an invalid ``limit``, and NotFound for an
        unknown ``marker``. Raises the errors of `authenticate`, such as Unauthorized for an invalid
        token.
        """
        user_id = self._authorize(request, "list_access_rules")
        entries = [
            render_access_rule(each) | link_to_access_rule(each, base_url_of(request.scope))
            for each in self.directory.access_rules_of(user_id)
        ]
        return list_response(request, f"users/{user_id}/access_rules", entries, _LIST)

    async def show_access_rule(self, request: Request) -> Response:
        """Show an access rule of a user.

        Raises Forbidden if the caller may not see access rules of the user, and NotFound if the
        user has no such access rule. Raises the errors of `authenticate`, such as Unauthorized for
        an invalid token.
        """
        user_id = self._authorize(request, "get_access_rule")
        rule = find_access_rule(self.directory, user_id, request.path_params["rule_id"])
        link = link_to_access_rule(rule, base_url_of(request.scope))
        return json_response({"access_rule": render_access_rule(rule) | link})

    async def delete_access_rule(self, request: Request) -> Response:
        """Delete an access rule of a user, and respond 204.

        Raises Forbidden if the caller may not delete the access rule. Raises the errors of
        `authenticate`, such as Unauthorized for an invalid token. Raises the errors of
        `user_access_rules.delete_access_rule`, such as NotFound if the user has no such access
        rule, or Forbidden if an application credential uses the access rule.
        """
        user_id = self._authorize(request, "delete_access_rule")
        identity_file = self.identity.identity_file
        await delete_access_rule(identity_file, user_id, request.path_params["rule_id"])
        return no_content()

    def _authorize(self, request: Request, action: str) -> str:
        """Return the id of the user in the path, who need not exist.

        Raises Forbidden if the caller may not perform `action` on access rules of the user. Raises
        the errors of `authenticate`, such as Unauthorized for an invalid token.
        """
        user_id: str = request.path_params["user_id"]
        policy.check(self.authenticate(request), action, policy.PolicyTarget(user_id=user_id))
        return user_id
