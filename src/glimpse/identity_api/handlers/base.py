"""IdentityHandlers, the base class of handlers that need a token, and common responses."""

from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.request_scope import base_url_of, service_urls_of
from glimpse.identity.access_rules import RequestTarget
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.errors import NotFound
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity.embedded.session import Session, check_access_rules
from glimpse.identity_api.documents.catalog import extend_catalog, render_own_catalog
from glimpse.identity_api.list_query import ListRules, render_page, select_page
from glimpse.identity_api.requests import check_lengths
from glimpse.identity_api.responses import PRIVATE, json_response


class IdentityHandlers:
    """Base class of handlers: provides the caller's session, the directory and the catalog.

    A handler first calls `authenticate`, and so raises Unauthorized, IdentityUnavailable or
    BadRequest. Most handlers then read and check the body, and after that the caller's permission.
    Only `TokenHandlers.issue` and `UserHandlers.set_password` need no token.

    `responses.EXCEPTION_HANDLERS` makes the responses for errors. The name of a handler is the
    operation in logs and metrics: ``identity.list_users``.
    """

    def __init__(self, identity: EmbeddedIdentity) -> None:
        self.identity = identity

    @property
    def directory(self) -> Directory:
        """The users, projects and other entries of the identity file, as last read.

        `authenticate` reads the file again if the file has changed.
        """
        return self.identity.identity_file.current

    def authenticate(self, request: Request) -> Session:
        """Return the caller's session, which is the session of the token in ``X-Auth-Token``.

        Raises Unauthorized if the token is missing or not valid, or if the token's access rules do
        not allow the request. Access rules always allow ``GET /v3/auth/tokens``. Raises
        IdentityUnavailable if the token cannot be checked. Raises BadRequest if an id in the path
        or a parameter of the query is too long, or if an id has a NUL character.
        """
        session = self.identity.validate(request.headers.get("x-auth-token", ""))
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        # Everybody may validate their token, whatever its rules (keystonemiddleware).
        if (request.method, path) != ("GET", "/v3/auth/tokens"):
            check_access_rules(session, RequestTarget("identity", request.method, path))
        check_lengths(request)
        return session

    def catalog(self, request: Request, session: Session) -> list[dict[str, Any]]:
        """Render the catalog for the token of `session`.

        The catalog has the services of this process, and the enabled services and endpoints that
        admins added. If the token is not for a project, endpoints that need a project in their URL
        are left out.
        """
        own = render_own_catalog(service_urls_of(request.scope), self.identity.region_name)
        project_id = session.project.id if session.project else None
        return extend_catalog(own, self.directory, session.user.id, project_id)


def list_response(
    request: Request, path: str, entries: Iterable[dict[str, Any]], rules: ListRules
) -> Response:
    """Make the response 200 that lists the entries that match the query, or one page of them.

    `path` is the path of the list below ``/v3``, such as ``users/ID/projects``. The last part of
    `path` is the key of the list in the response. The list is sorted by id. The parameters that
    `rules` name are filters. The parameters ``limit`` and ``marker`` choose the page. Raises
    BadRequest for an invalid parameter, and NotFound if no entry has the id ``marker``.
    """
    parameters = request.query_params.multi_items()
    page = select_page(entries, parameters, rules)
    url = f"{base_url_of(request.scope)}/v3/{path}"
    return json_response(render_page(path.rpartition("/")[2], page, url, parameters))


def show_response(kind: str, entries: list[dict[str, Any]], entry_id: str) -> Response:
    """Make the response 200 that shows the entry with the id `entry_id`.

    `kind` is the key of the entry in the response, such as ``service``. Raises NotFound if no entry
    has this id.
    """
    found = next((each for each in entries if each["id"] == entry_id), None)
    if found is None:
        raise NotFound(f"Could not find {kind}: {entry_id}.")
    return json_response({kind: found})


def url_of_list(request: Request, path: str) -> str:
    """Return the URL of a list that is never paged, with the query of the request.

    `path` is the path of the list below ``/v3``, such as ``role_assignments``.
    """
    query = request.scope["query_string"].decode("latin-1")
    return f"{base_url_of(request.scope)}/v3/{path}{'?' if query else ''}{query}"


def no_content() -> Response:
    """Make a response with the status code 204 and no body, which no shared cache stores."""
    return Response(status_code=204, headers=PRIVATE)
