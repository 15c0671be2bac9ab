"""ApplicationCredentialHandlers: create, list, show and delete application credentials."""

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.cache_header_values import NO_STORE
from glimpse.http.client_disconnect import while_connected
from glimpse.http.request_scope import base_url_of
from glimpse.identity.embedded.application_credentials import ApplicationCredentials
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity.embedded.session import Session
from glimpse.identity_api import policy
from glimpse.identity_api.documents.application_credentials import render_application_credential
from glimpse.identity_api.handlers.base import IdentityHandlers, no_content
from glimpse.identity_api.list_query import Page, render_page
from glimpse.identity_api.requests import client_address, read_json
from glimpse.identity_api.responses import json_response

_NO_STORE = {"Cache-Control": NO_STORE}


class ApplicationCredentialHandlers(IdentityHandlers):
    """The handlers of ``/v3/users/{user_id}/application_credentials``.

    All handlers raise Forbidden if the caller may not perform the operation.
    """

    def __init__(self, identity: EmbeddedIdentity) -> None:
        super().__init__(identity)
        self._credentials = ApplicationCredentials(
            identity.identity_file, identity.login, identity.clock
        )

    async def list_credentials(self, request: Request) -> Response:
        """List the application credentials of a user, sorted by name; none for an unknown user.

        With the parameter ``name``, only the application credential with that name is listed. If
        ``name`` is repeated with different values, the list is empty. All other parameters are
        ignored: the list is not paged. Raises Forbidden if the caller may not list the application
        credentials of the user. Raises the errors of `authenticate`, such as Unauthorized for an
        invalid token.
        """
        base_url, user_id = base_url_of(request.scope), request.path_params["user_id"]
        self._authorize(request, "list_application_credentials")
        found = self._credentials.list(user_id)
        names = request.query_params.getlist("name")
        entries = [
            render_application_credential(each, self.directory, base_url)
            for each in found
            if all(name == each.name for name in names)
        ]
        url = f"{base_url}/v3/users/{user_id}/application_credentials"
        parameters = request.query_params.multi_items()
        page = Page(entries, None)
        return json_response(render_page("application_credentials", page, url, parameters))

    async def create_credential(self, request: Request) -> Response:
        """Create an application credential, and respond 201. Only this response shows the secret.

        No cache may store the response (``no-store``). If the client disconnects before the
        response, raises ClientDisconnected; the application credential may be created all the same.

        Before the body is read, raises Forbidden if the caller is not the user in the path, or has
        a token for a domain or the system. Also raises the errors of `authenticate`, `read_json`
        and `ApplicationCredentials.create`, such as Unauthorized for an invalid token, BadRequest
        for an invalid body or an unscoped token, or Conflict if the name is in use.
        """
        session = self._authorize(request, "create_application_credential")
        body, address = await read_json(request), client_address(request)
        create = self._credentials.create(session, body, address)
        created, secret = await while_connected(request.receive, create)
        document = render_application_credential(
            created, self.directory, base_url_of(request.scope)
        )
        return json_response(
            {"application_credential": {**document, "secret": secret}}, 201, _NO_STORE
        )

    async def show_credential(self, request: Request) -> Response:
        """Show an application credential of a user, without its secret.

        Raises Forbidden if the caller may not see the application credentials of the user, and
        NotFound if the user has no such application credential. Raises the errors of
        `authenticate`, such as Unauthorized for an invalid token.
        """
        self._authorize(request, "get_application_credential")
        found = self._credentials.get(**request.path_params)
        document = render_application_credential(found, self.directory, base_url_of(request.scope))
        return json_response({"application_credential": document})

    async def delete_credential(self, request: Request) -> Response:
        """Delete an application credential of a user, and respond 204.

        Tokens that were obtained with the application credential become invalid. The access rules
        of the application credential are kept. Raises Forbidden if the caller may not perform the
        operation. Raises the errors of `authenticate`, such as Unauthorized for an invalid token.
        Raises the errors of `ApplicationCredentials.delete`, such as NotFound if the user has no
        such application credential, or Forbidden if the caller's token was obtained with a
        restricted application credential.
        """
        session = self._authorize(request, "delete_application_credential")
        await self._credentials.delete(session, **request.path_params)
        return no_content()

    def _authorize(self, request: Request, action: str) -> Session:
        """Return the caller's session.

        The user in the path need not exist. Raises Forbidden if the caller may not perform `action`
        on application credentials of this user. Raises the errors of `authenticate`, such as
        Unauthorized for an invalid token.
        """
        session = self.authenticate(request)
        policy.check(session, action, policy.PolicyTarget(user_id=request.path_params["user_id"]))
        return session
