"""The handlers of the Identity API's operations; `routes` has their paths."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.cache_header_values import NO_STORE
from glimpse.http.client_disconnect import while_connected
from glimpse.http.request_scope import base_url_of
from glimpse.identity.embedded.application_credentials import (
    ApplicationCredentials,
    Forbidden,
    NotFound,
)
from glimpse.identity.embedded.auth_request import parse_auth_request
from glimpse.identity.embedded.identity import EXPIRED_WINDOW, SERVICE_ROLE, EmbeddedIdentity
from glimpse.identity.embedded.session import Session
from glimpse.identity.service import Unauthorized
from glimpse.identity_api import documents, resources
from glimpse.identity_api.requests import check_lengths, client_address, read_json
from glimpse.identity_api.responses import PRIVATE, json_response

_NO_STORE = {"Cache-Control": NO_STORE}
_UNAUTHORIZED = "The request you have made requires authentication."


class Handlers:
    """The handlers of all operations but those of ResourceHandlers.

    All but `versions`, `version` and `issue` raise Unauthorized without a valid token in
    X-Auth-Token, IdentityUnavailable if it cannot be checked, then BadRequest for an id or
    parameter that is too long. Those of application credentials also raise the errors of
    ApplicationCredentials. `responses.EXCEPTION_HANDLERS` makes the responses for errors. The names
    of the methods are operations in logs and metrics.
    """

    def __init__(self, identity: EmbeddedIdentity) -> None:
        self._identity = identity
        self._credentials = ApplicationCredentials(
            identity.identity_file, identity.login, identity.clock
        )

    async def versions(self, request: Request) -> Response:
        """List the only version: 300, as in Keystone, with its URL in ``Location``."""
        base_url = base_url_of(request.scope)
        location = {"Location": f"{base_url}/identity/v3/"}
        return json_response(
            {"versions": {"values": [documents.render_version(base_url)]}}, 300, location
        )

    async def version(self, request: Request) -> Response:
        """Show the only version."""
        return json_response({"version": documents.render_version(base_url_of(request.scope))})

    async def issue(self, request: Request) -> Response:
        """Log in: respond 201 with a new token in ``X-Subject-Token``, and its document.

        The document has the catalog, unless the query has ``nocatalog``. Raises HTTPException 413
        for a body that is too large, BadRequest for an invalid one, Unauthorized for a failed
        login, TooManyLogins, IdentityUnavailable, and ClientDisconnected: a password that still
        waits is not checked then.
        """
        auth_request = parse_auth_request(await read_json(request))
        login = self._identity.login(auth_request, client_address(request))
        session = await while_connected(request.receive, login)
        text = self._identity.sign(session.token)
        return json_response(
            self._token_document(request, session), 201, {"X-Subject-Token": text, **_NO_STORE}
        )

    async def validate(self, request: Request) -> Response:
        """Show the token in ``X-Subject-Token``; with ``allow_expired``, also an expired one.

        An expired one is accepted for two more days. The document has the catalog, unless the query
        has ``nocatalog``. Raises NotFound if the token is not valid. Raises Forbidden for another
        user's token, unless the caller has the role admin or service.
        """
        caller, subject = self._caller_and_subject(
            request, allow_expired=resources.is_true(request.query_params.get("allow_expired", ""))
        )
        if caller.user.id != subject.user.id and not {"admin", SERVICE_ROLE} & {*caller.roles}:
            raise Forbidden("You are not authorized to perform the requested action.")
        text = request.headers["x-subject-token"]
        return json_response(
            self._token_document(request, subject), 200, {"X-Subject-Token": text, **_NO_STORE}
        )

    async def revoke(self, request: Request) -> Response:
        """Revoke the token in ``X-Subject-Token``, and all tokens obtained with it: 204.

        If it was itself obtained with another token, only it is revoked. Raises NotFound if it is
        not valid, Forbidden if it is another user's and the caller is no admin,
        IdentityUnavailable if the revocation cannot be written.
        """
        caller, subject = self._caller_and_subject(request)
        if caller.user.id != subject.user.id and "admin" not in caller.roles:
            raise Forbidden("You are not authorized to perform the requested action.")
        await self._identity.revoke(subject)
        return Response(status_code=204, headers=PRIVATE)

    async def projects(self, request: Request) -> Response:
        """List the enabled projects in which the caller has a role. The token may be unscoped.

        The query is ignored. Raises the errors of `session`.
        """
        session, base_url = self.session(request), base_url_of(request.scope)
        found = self._identity.identity_file.current.projects_of(session.user)
        entries = [documents.render_project(each, base_url) for each in found]
        url = f"{base_url}/identity/v3/auth/projects"
        return json_response(documents.render_collection("projects", entries, url))

    async def projects_of(self, request: Request) -> Response:
        """List the enabled projects of the user in the path that match the query.

        Raises Forbidden unless the caller is that user or an admin, NotFound for an unknown user.
        """
        session, user_id = self.session(request), request.path_params["user_id"]
        query = request.query_params.items()
        found = resources.list_projects_of_user(
            session, user_id, self.render_context(request), query
        )
        url = f"{base_url_of(request.scope)}/identity/v3/users/{user_id}/projects"
        return json_response(documents.render_collection("projects", found, url))

    async def domains(self, request: Request) -> Response:
        """List no domains: no user has a role in one. Raises the errors of `session`."""
        self.session(request)
        url = f"{base_url_of(request.scope)}/identity/v3/auth/domains"
        return json_response(documents.render_collection("domains", [], url))

    async def system(self, request: Request) -> Response:
        """List no system scope: no user has a role in one. Raises the errors of `session`."""
        self.session(request)
        return json_response(
            {
                "system": [],
                "links": {"self": f"{base_url_of(request.scope)}/identity/v3/auth/system"},
            }
        )

    async def catalog(self, request: Request) -> Response:
        """List the service catalog. Raises Forbidden for an unscoped token, as in Keystone."""
        base_url = base_url_of(request.scope)
        if self.session(request).project is None:
            raise Forbidden("A project-scoped token is required to produce a service catalog.")
        services = documents.render_catalog(base_url, self._identity.region_name)
        url = f"{base_url}/identity/v3/auth/catalog"
        return json_response({"catalog": services, "links": {"self": url}})

    async def list_credentials(self, request: Request) -> Response:
        """List the application credentials of a user; with ``name``, only the one of that name.

        The list is empty for an unknown user. Raises Forbidden unless the caller is that user or an
        admin.
        """
        base_url, user_id = base_url_of(request.scope), request.path_params["user_id"]
        found = self._credentials.list(self.session(request), user_id)
        name = request.query_params.get("name")
        entries = [
            documents.render_application_credential(each, base_url)
            for each in found
            if name is None or each.name == name
        ]
        url = f"{base_url}/identity/v3/users/{user_id}/application_credentials"
        return json_response(documents.render_collection("application_credentials", entries, url))

    async def create_credential(self, request: Request) -> Response:
        """Create an application credential: 201. Only this response ever shows its secret.

        Raises HTTPException 413 for a body that is too large, the errors of
        `ApplicationCredentials.create` (Forbidden for another user's, for example), and
        ClientDisconnected if the client disconnects meanwhile; the credential may exist then.
        """
        session, user_id = self.session(request), request.path_params["user_id"]
        body, address = await read_json(request), client_address(request)
        create = self._credentials.create(session, user_id, body, address)
        created, secret = await while_connected(request.receive, create)
        document = documents.render_application_credential(created, base_url_of(request.scope))
        return json_response(
            {"application_credential": {**document, "secret": secret}}, 201, _NO_STORE
        )

    async def show_credential(self, request: Request) -> Response:
        """Show an application credential of a user, without its secret.

        Raises Forbidden unless the caller is that user or an admin, NotFound if there is none.
        """
        found = self._credentials.get(self.session(request), **request.path_params)
        document = documents.render_application_credential(found, base_url_of(request.scope))
        return json_response({"application_credential": document})

    async def delete_credential(self, request: Request) -> Response:
        """Delete an application credential of a user: 204.

        Raises Forbidden unless the caller is that user or an admin, or for a token of a restricted
        credential; NotFound if there is none; IdentityUnavailable if the file cannot be written.
        """
        await self._credentials.delete(self.session(request), **request.path_params)
        return Response(status_code=204, headers=PRIVATE)

    async def unauthorized(self, request: Request, _: Exception) -> Response:
        """Make the response 401: the same text always, and where to log in (WWW-Authenticate)."""
        # A client must not learn which names exist.
        challenge = f'Keystone uri="{base_url_of(request.scope)}/identity/v3"'
        return json_response(
            documents.render_fault(401, _UNAUTHORIZED), 401, {"WWW-Authenticate": challenge}
        )

    def session(self, request: Request) -> Session:
        """Return the session of the token in ``X-Auth-Token``: that of the caller.

        Raises Unauthorized if the token is not valid, IdentityUnavailable if it cannot be checked;
        then BadRequest if an id in the path or a query parameter is too long.
        """
        session = self._identity.validate(request.headers.get("x-auth-token", ""))
        check_lengths(request)
        return session

    def render_context(self, request: Request) -> resources.RenderContext:
        """Return the current directory, the base URL and the region, to render resources."""
        directory = self._identity.identity_file.current
        return resources.RenderContext(
            directory, base_url_of(request.scope), self._identity.region_name
        )

    def _caller_and_subject(
        self, request: Request, *, allow_expired: bool = False
    ) -> tuple[Session, Session]:
        """Return the sessions of the tokens in ``X-Auth-Token`` and in ``X-Subject-Token``.

        With `allow_expired`, the second may have expired up to two days ago. For the first, raises
        Unauthorized and what else `session` raises; NotFound if the second is not valid.
        """
        caller = self.session(request)
        try:
            window = EXPIRED_WINDOW if allow_expired else 0
            return caller, self._identity.validate(
                request.headers.get("x-subject-token", ""), window
            )
        except Unauthorized as error:
            raise NotFound("Could not find token.") from error

    def _token_document(self, request: Request, session: Session) -> dict[str, Any]:
        """Render the token of `session`, with the catalog unless the query has ``nocatalog``."""
        has_catalog = "nocatalog" not in request.query_params
        services = documents.render_catalog(base_url_of(request.scope), self._identity.region_name)
        return documents.render_token(session, services if has_catalog else None)


class ResourceHandlers:
    """The handlers that list and show one kind of resources, a key of RESOURCE_KINDS."""

    def __init__(self, handlers: Handlers, kind: str) -> None:
        self._handlers = handlers
        self._kind = kind

    async def list_resources(self, request: Request) -> Response:
        """List the resources of this kind that match the query, as `resources.list_resources`.

        Raises Forbidden unless the caller is an admin, or the kind is ``regions``.
        """
        session, context = self._handlers.session(request), self._handlers.render_context(request)
        query = request.query_params.items()
        found = resources.list_resources(session, self._kind, context, query)
        url = f"{context.base_url}/identity/v3/{self._kind}"
        return json_response(documents.render_collection(self._kind, found, url))

    async def show_resource(self, request: Request) -> Response:
        """Show the resource with the id in the path.

        Raises Forbidden if the caller may not see it, whether it exists or not; otherwise NotFound
        if it does not exist.
        """
        session, context = self._handlers.session(request), self._handlers.render_context(request)
        resource_id = request.path_params["resource_id"]
        found = resources.show_resource(session, self._kind, context, resource_id)
        return json_response({resources.RESOURCE_KINDS[self._kind].singular: found})
