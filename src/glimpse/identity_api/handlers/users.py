"""UserHandlers: list, show, create, update and delete users, and change passwords."""

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.client_disconnect import while_connected
from glimpse.http.request_scope import base_url_of
from glimpse.identity.embedded.directory_entries import DOMAIN_ID
from glimpse.identity.embedded.errors import NotFound
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity.embedded.session import Session
from glimpse.identity.embedded.users import Users
from glimpse.identity_api import policy, schemas
from glimpse.identity_api.attributes import Attribute, parse_changes, parse_new_object
from glimpse.identity_api.documents.projects import render_project
from glimpse.identity_api.documents.users import render_user, render_user_extra
from glimpse.identity_api.handlers.base import IdentityHandlers, list_response, no_content
from glimpse.identity_api.list_query import BOOLEAN_TEXT, ListRules
from glimpse.identity_api.requests import check_lengths, client_address, read_json
from glimpse.identity_api.responses import json_response

_LIST = ListRules(
    # The last four usually find nobody: no user has an identity provider or an expiring password.
    ("domain_id", "enabled", "name", "password_expires_at", "idp_id", "protocol_id", "unique_id"),
    {
        **{name: schemas.USER.attributes[name] for name in ("name", "domain_id")},
        "enabled": BOOLEAN_TEXT,
        "sort_dir": Attribute(lambda value: value in ("asc", "desc"), "asc or desc"),
        "password_expires_at": Attribute(
            lambda value: value.partition(":")[0] in ("lt", "lte", "gt", "gte", "eq", "neq"),
            "lt, lte, gt, gte, eq or neq, a colon and a time",
        ),
    },
)
_LIST_OF_PROJECTS = ListRules(("domain_id", "enabled", "name"))
_LIST_OF_GROUPS = ListRules(("name",))


class UserHandlers(IdentityHandlers):
    """The handlers of ``/v3/users`` and ``/v3/users/{user_id}``.

    All handlers except `set_password` raise Forbidden if the caller may not perform the operation.
    For an unknown user, these handlers raise NotFound if the caller may perform the operation on
    all users, otherwise Forbidden. So other callers cannot find out which users exist.
    """

    def __init__(self, identity: EmbeddedIdentity) -> None:
        super().__init__(identity)
        self._users = Users(identity.identity_file, identity.login, identity.clock)

    async def list_users(self, request: Request) -> Response:
        """List the users that match the query, sorted by id, or one page of them.

        The query may filter by ``domain_id``, ``enabled`` and ``name``; ``limit`` and ``marker``
        choose the page. Nobody matches a filter by ``password_expires_at``. Filters by ``idp_id``,
        ``protocol_id`` and ``unique_id`` match only additional attributes of these names. With a
        token for a domain, only the users of that domain are listed. Raises Forbidden if the caller
        may not list users, BadRequest for an invalid parameter, and NotFound for an unknown
        ``marker``. Raises the errors of `authenticate`, such as Unauthorized for an invalid token.
        """
        session, base_url = self.authenticate(request), base_url_of(request.scope)
        own = session.domain.id if session.domain else None
        policy.check(session, "list_users", policy.PolicyTarget(domain_id=own))
        users = (each for each in self.directory.users.values() if own in (None, each.domain_id))
        entries = [render_user(each, base_url) for each in users]
        return list_response(request, "users", entries, _LIST)

    async def show_user(self, request: Request) -> Response:
        """Show a user.

        Raises Forbidden if the caller may not see the user. For an unknown user, raises NotFound if
        the caller may see all users, otherwise Forbidden. Raises the errors of `authenticate`, such
        as Unauthorized for an invalid token.
        """
        user_id = request.path_params["user_id"]
        self.check_policy(self.authenticate(request), "get_user", user_id)
        user = self.directory.users.get(user_id)
        if user is None:
            raise NotFound(f"Could not find user: {user_id}.")
        return json_response({"user": render_user(user, base_url_of(request.scope))})

    async def create_user(self, request: Request) -> Response:
        """Create a user, and respond 201.

        If the body has no ``domain_id``, the user is in the domain that the token is for, or else
        in the domain Default. If the client disconnects before the response, raises
        ClientDisconnected; the user may be created all the same.

        If the body has a ``domain_id``, raises Forbidden if the caller may not create users in that
        domain. Without a ``domain_id``, raises Forbidden if the caller may not create users in all
        domains. Also raises the errors of `authenticate`, `read_json` and `Users.create`, such as
        Unauthorized for an invalid token, BadRequest for an invalid body, or Conflict if the name
        is in use.
        """
        session = self.authenticate(request)
        values = parse_new_object(await read_json(request), schemas.USER)
        policy.check(session, "create_user", policy.PolicyTarget(domain_id=values.get("domain_id")))
        domain_id = session.domain.id if session.domain else DOMAIN_ID
        create = self._users.create(values, client_address(request), domain_id)
        made = await while_connected(request.receive, create)
        return json_response({"user": render_user(made, base_url_of(request.scope))}, 201)

    async def update_user(self, request: Request) -> Response:
        """Change attributes of a user, and show the changed user.

        If the password is changed or the user is disabled, all present tokens of the user become
        invalid. Attributes that Keystone does not know are shown twice: in the user and under
        ``extra``, as in Keystone.

        Raises Forbidden if the caller may not change the user. For an unknown user, raises NotFound
        if the caller may change all users, otherwise Forbidden. Raises ClientDisconnected if the
        client disconnects before the response; the user may be changed all the same. Also raises
        the errors of `authenticate`, `read_json` and `Users.update`, such as Unauthorized for an
        invalid token, BadRequest for an invalid body, or Conflict if the new name is in use.
        """
        session, user_id = self.authenticate(request), request.path_params["user_id"]
        values = parse_changes(await read_json(request), schemas.USER)
        self.check_policy(session, "update_user", user_id)
        update = self._users.update(user_id, values, client_address(request))
        changed = await while_connected(request.receive, update)
        document = render_user(changed, base_url_of(request.scope))
        # Keystone shows the additional attributes twice after an update.
        return json_response({"user": {**document, "extra": render_user_extra(changed)}})

    async def delete_user(self, request: Request) -> Response:
        """Delete a user with its assignments, credentials and access rules, and respond 204.

        The user's tokens become invalid. Images and servers that the user made are kept.

        Raises Forbidden if the caller may not delete the user. For an unknown user, raises NotFound
        if the caller may delete all users, otherwise Forbidden. Raises the errors of
        `authenticate`, such as Unauthorized for an invalid token. Raises the errors of
        `Users.delete`, such as ChangeNotSynced if a crash may undo the change.
        """
        user_id = request.path_params["user_id"]
        self.check_policy(self.authenticate(request), "delete_user", user_id)
        await self._users.delete(user_id)
        return no_content()

    async def set_password(self, request: Request) -> Response:
        """Change the password of the user in the path, and respond 204.

        No token is needed, because the body has the original password. All present tokens of the
        user become invalid. Raises BadRequest for an invalid body. Raises ClientDisconnected if the
        client disconnects before the response; the password may be changed all the same. Raises the
        errors of `check_lengths`, `read_json` and `Users.change_password`, such as Unauthorized for
        a wrong original password.
        """
        check_lengths(request)
        original, password = schemas.parse_password_change(await read_json(request))
        user_id = request.path_params["user_id"]
        change = self._users.change_password(user_id, original, password, client_address(request))
        await while_connected(request.receive, change)
        return no_content()

    async def list_projects_of_user(self, request: Request) -> Response:
        """List the projects in which a user has an effective role, and which match the query.

        A role that belongs to a domain does not count, but the roles that it implies do.
        The query may filter by ``domain_id``, ``enabled`` and ``name``; ``limit`` and ``marker``
        choose a page of the list, which is sorted by id. Disabled projects are listed, too.

        Raises BadRequest for an invalid ``limit``, and NotFound for an unknown ``marker``. Raises
        Forbidden if the caller may not see the user's projects. For an unknown user, raises
        NotFound if the caller may see the projects of all users, otherwise Forbidden. Raises the
        errors of `authenticate`, such as Unauthorized for an invalid token.
        """
        user_id, base_url = request.path_params["user_id"], base_url_of(request.scope)
        self.check_policy(self.authenticate(request), "list_user_projects", user_id)
        user = self.directory.users.get(user_id)
        if user is None:
            raise NotFound(f"Could not find user: {user_id}.")
        entries = [render_project(each, base_url) for each in self.directory.projects_of(user)]
        return list_response(request, f"users/{user_id}/projects", entries, _LIST_OF_PROJECTS)

    async def list_groups_of_user(self, request: Request) -> Response:
        """Respond with an empty list, because no user is in a group.

        Raises BadRequest for an invalid ``limit``, and NotFound for any ``marker`` that is not
        empty. Raises Forbidden if the caller may not see the groups of the user. For an unknown
        user, raises NotFound if the caller may see the groups of all users, otherwise Forbidden.
        Raises the errors of `authenticate`, such as Unauthorized for an invalid token.
        """
        user_id = request.path_params["user_id"]
        self.check_policy(self.authenticate(request), "list_groups_for_user", user_id)
        if user_id not in self.directory.users:
            raise NotFound(f"Could not find user: {user_id}.")
        return list_response(request, f"users/{user_id}/groups", [], _LIST_OF_GROUPS)

    def check_policy(self, session: Session, action: str, user_id: str) -> None:
        """Raise Forbidden if the caller may not perform `action` on the user `user_id`.

        If no user has this id, raises Forbidden if the caller may not perform `action` on all
        users. So callers with fewer rights cannot find out which ids exist.
        """
        user = self.directory.users.get(user_id)
        target = policy.PolicyTarget()
        if user is not None:
            target = policy.PolicyTarget(domain_id=user.domain_id, user_id=user_id)
        policy.check(session, action, target)
