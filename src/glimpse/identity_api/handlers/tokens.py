"""TokenHandlers: logs in, and shows and revokes tokens."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.cache_header_values import NO_STORE
from glimpse.http.client_disconnect import while_connected
from glimpse.http.request_scope import base_url_of
from glimpse.identity.embedded.application_credentials import Forbidden, NotFound
from glimpse.identity.embedded.auth_request import parse_auth_request
from glimpse.identity.embedded.identity import EXPIRED_WINDOW, SERVICE_ROLE
from glimpse.identity.embedded.session import Session
from glimpse.identity.service import Unauthorized
from glimpse.identity_api import resources
from glimpse.identity_api.documents.catalog import render_catalog
from glimpse.identity_api.documents.tokens import render_token
from glimpse.identity_api.handlers.base import IdentityHandlers
from glimpse.identity_api.requests import client_address, read_json
from glimpse.identity_api.responses import PRIVATE, json_response

_NO_STORE = {"Cache-Control": NO_STORE}


class TokenHandlers(IdentityHandlers):
    """The handlers of ``/v3/auth/tokens``."""

    async def issue(self, request: Request) -> Response:
        """Log in: respond 201 with a new token in ``X-Subject-Token``, and its document.

        The document has the catalog, unless the query has ``nocatalog``. Raises HTTPException 413
        for a body that is too large, BadRequest for an invalid one, Unauthorized for a failed
        login, TooManyLogins, IdentityUnavailable, and ClientDisconnected: a password that still
        waits is not checked then.
        """
        auth_request = parse_auth_request(await read_json(request))
        login = self.identity.login(auth_request, client_address(request))
        session = await while_connected(request.receive, login)
        text = self.identity.sign(session.token)
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
        if caller.user.id != subject.user.id and not {"admin", SERVICE_ROLE} & caller.role_names:
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
        if caller.user.id != subject.user.id and "admin" not in caller.role_names:
            raise Forbidden("You are not authorized to perform the requested action.")
        await self.identity.revoke(subject)
        return Response(status_code=204, headers=PRIVATE)

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
            return caller, self.identity.validate(
                request.headers.get("x-subject-token", ""), window
            )
        except Unauthorized as error:
            raise NotFound("Could not find token.") from error

    def _token_document(self, request: Request, session: Session) -> dict[str, Any]:
        """Render the token of `session`, with the catalog unless the query has ``nocatalog``."""
        has_catalog = "nocatalog" not in request.query_params
        services = render_catalog(base_url_of(request.scope), self.identity.region_name)
        return render_token(session, self.directory, services if has_catalog else None)
