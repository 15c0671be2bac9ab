"""TokenHandlers: log in, show tokens and revoke tokens."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.cache_header_values import NO_STORE
from glimpse.http.client_disconnect import while_connected
from glimpse.identity.embedded.auth_request import parse_auth_request
from glimpse.identity.embedded.errors import NotFound
from glimpse.identity.embedded.identity import EXPIRED_WINDOW
from glimpse.identity.embedded.session import Session
from glimpse.identity.service import Unauthorized
from glimpse.identity_api import policy
from glimpse.identity_api.documents.tokens import render_token
from glimpse.identity_api.handlers.base import IdentityHandlers
from glimpse.identity_api.requests import client_address, first_values, is_true, read_json
from glimpse.identity_api.responses import PRIVATE, json_response

_NO_STORE = {"Cache-Control": NO_STORE}


class TokenHandlers(IdentityHandlers):
    """The handlers of ``/v3/auth/tokens``: log in, show a token, and revoke a token."""

    async def issue(self, request: Request) -> Response:
        """Log in: respond 201 with a new token in ``X-Subject-Token``, and the token's document.

        The document of a token with a scope has the catalog, unless the query has ``nocatalog``. No
        cache may store the response (``no-store``).

        Raises one of these errors:

        - HTTPException 413: the body is too large.
        - BadRequest: the body is invalid.
        - Unauthorized: the login fails.
        - NotFound: the body has a token to log in with, and that token is not valid.
        - TooManyLogins: too many passwords wait to be checked.
        - IdentityUnavailable: the login cannot be checked, or all bodies take too much memory.
        - ClientDisconnected: the client disconnects. A password that still waits is then not
          checked for this request.
        """
        auth_request = parse_auth_request(await read_json(request))
        login = self.identity.login.log_in(auth_request, client_address(request))
        session = await while_connected(request.receive, login)
        text = self.identity.sign(session.token)
        return json_response(
            self._token_document(request, session), 201, {"X-Subject-Token": text, **_NO_STORE}
        )

    async def validate(self, request: Request) -> Response:
        """Show the document of the token in ``X-Subject-Token``, the subject token.

        The response repeats the header, and no cache may store the response (``no-store``). With
        the parameter ``allow_expired=true``, the subject token may have expired up to two days ago.
        If the subject token has a scope, the document has the catalog, unless the query has
        ``nocatalog``.

        Raises NotFound if the subject token is not valid, and Forbidden if the caller may not see
        tokens of that user. For GET, the role service is enough to see all tokens; for HEAD, it is
        not. If the header is missing, raises NotFound if the caller may see the tokens of all
        users, otherwise Forbidden. Raises the errors of `authenticate`, such as Unauthorized for an
        invalid token of the caller.
        """
        parameters = first_values(request.query_params.multi_items())
        is_window_allowed = is_true(parameters.get("allow_expired", ""))
        action = "check_token" if request.method == "HEAD" else "validate_token"
        subject = self._subject(request, action, EXPIRED_WINDOW if is_window_allowed else 0)
        text = request.headers["x-subject-token"]
        return json_response(
            self._token_document(request, subject), 200, {"X-Subject-Token": text, **_NO_STORE}
        )

    async def revoke(self, request: Request) -> Response:
        """Revoke the token in ``X-Subject-Token``, the subject token, and respond 204.

        If the subject token was itself obtained with a token, no other token is revoked. Otherwise,
        all tokens that were obtained with it, directly or indirectly, are revoked, too.

        Raises NotFound if the subject token is not valid, and Forbidden if the subject token is
        another user's and the caller is no admin. If the header is missing, raises NotFound if the
        caller is an admin, otherwise Forbidden. Raises IdentityUnavailable if the revocation cannot
        be written. Raises the errors of `authenticate`, such as Unauthorized for an invalid token.
        """
        await self.identity.revoke(self._subject(request, "revoke_token"))
        return Response(status_code=204, headers=PRIVATE)

    def _subject(self, request: Request, action: str, expired_window: float = 0) -> Session:
        """Return the session of the token in ``X-Subject-Token``, the subject token.

        The subject token may have expired up to `expired_window` seconds ago. `action` is a key of
        `policy.RULES`. Raises NotFound if the subject token is not valid, Forbidden if the caller
        may not perform `action` on the subject token, and the errors of `authenticate`. If the
        header is missing, raises NotFound if the caller may perform `action` on all tokens,
        otherwise Forbidden.
        """
        caller, text = self.authenticate(request), request.headers.get("x-subject-token")
        if text is None:
            policy.check(caller, action)
        try:
            subject = self.identity.validate(text or "", expired_window)
        except Unauthorized as error:
            raise NotFound("Could not find token.") from error
        policy.check(caller, action, policy.PolicyTarget(user_id=subject.user.id))
        return subject

    def _token_document(self, request: Request, session: Session) -> dict[str, Any]:
        """Render the document of the token of `session`.

        If the token has a scope, the document has the catalog, unless the query has ``nocatalog``.
        """
        has_catalog = "nocatalog" not in request.query_params
        services = self.catalog(request, session) if has_catalog else None
        return render_token(session, self.directory, services)
