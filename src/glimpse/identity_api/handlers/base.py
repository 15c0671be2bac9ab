"""IdentityHandlers: the base class of the handlers of each noun."""

from starlette.requests import Request

from glimpse.http.request_scope import base_url_of, service_urls_of
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity.embedded.session import Session
from glimpse.identity_api import resources
from glimpse.identity_api.requests import check_lengths


class IdentityHandlers:
    """Base class of the handlers: finds the caller of a request, and what responses are made from.

    All handlers but those of VersionHandlers and `TokenHandlers.issue` raise Unauthorized without a
    valid token in X-Auth-Token, IdentityUnavailable if it cannot be checked, then BadRequest for an
    id or parameter that is too long. `responses.EXCEPTION_HANDLERS` makes the responses for errors.
    The names of the methods are operations in logs and metrics.
    """

    def __init__(self, identity: EmbeddedIdentity) -> None:
        self.identity = identity

    @property
    def directory(self) -> Directory:
        """The current users, projects, roles and others."""
        return self.identity.identity_file.current

    def session(self, request: Request) -> Session:
        """Return the session of the token in ``X-Auth-Token``: that of the caller.

        Raises Unauthorized if the token is not valid, IdentityUnavailable if it cannot be checked;
        then BadRequest if an id in the path or a query parameter is too long.
        """
        session = self.identity.validate(request.headers.get("x-auth-token", ""))
        check_lengths(request)
        return session

    def render_context(self, request: Request) -> resources.RenderContext:
        """Return the current directory, the URLs and the region, to render resources."""
        return resources.RenderContext(
            self.directory,
            base_url_of(request.scope),
            service_urls_of(request.scope),
            self.identity.region_name,
        )
