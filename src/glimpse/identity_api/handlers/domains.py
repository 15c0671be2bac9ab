"""DomainHandlers: list, show, create, update and delete domains."""

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.request_scope import base_url_of
from glimpse.identity.embedded.directory_entries import Domain
from glimpse.identity.embedded.domains import Domains
from glimpse.identity.embedded.errors import NotFound
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity_api import policy, schemas
from glimpse.identity_api.attributes import parse_changes, parse_new_object
from glimpse.identity_api.documents.projects import render_domain
from glimpse.identity_api.handlers.base import IdentityHandlers, list_response, no_content
from glimpse.identity_api.list_query import BOOLEAN_TEXT, ListRules
from glimpse.identity_api.requests import read_json
from glimpse.identity_api.responses import json_response

_LIST = ListRules(
    ("name", "enabled"), {"name": schemas.DOMAIN.attributes["name"], "enabled": BOOLEAN_TEXT}
)


class DomainHandlers(IdentityHandlers):
    """The handlers of ``/v3/domains``.

    All handlers raise Forbidden if the caller may not perform the operation. For an unknown domain,
    `update_domain` and `delete_domain` raise NotFound to every caller. So every caller can find out
    which domains exist, as in Keystone.
    """

    def __init__(self, identity: EmbeddedIdentity) -> None:
        super().__init__(identity)
        self._domains = Domains(identity.identity_file)

    async def list_domains(self, request: Request) -> Response:
        """List the domains that match the query, sorted by id, or one page of them.

        The query may filter by ``name`` and ``enabled``; ``limit`` and ``marker`` choose the page.
        With a token for a domain, at most this domain is listed. Raises Forbidden if the caller may
        not list domains, BadRequest for an invalid parameter, and NotFound for an unknown
        ``marker``. Raises the errors of `authenticate`, such as Unauthorized for an invalid token.
        """
        session, base_url = self.authenticate(request), base_url_of(request.scope)
        own = session.domain.id if session.domain else None
        policy.check(session, "list_domains", policy.PolicyTarget(domain_id=own))
        found = (each for each in self.directory.domains.values() if own in (None, each.id))
        entries = [render_domain(each, base_url) for each in found]
        return list_response(request, "domains", entries, _LIST)

    async def show_domain(self, request: Request) -> Response:
        """Show a domain.

        Raises Forbidden if the caller may not see the domain. For an unknown domain, raises
        NotFound if the caller may see all domains, otherwise Forbidden. Raises the errors of
        `authenticate`, such as Unauthorized for an invalid token.
        """
        session, domain_id = self.authenticate(request), request.path_params["domain_id"]
        domain = self.directory.domains.get(domain_id)
        policy.check(
            session, "get_domain", policy.PolicyTarget(domain_id=domain.id if domain else None)
        )
        if domain is None:
            raise NotFound(f"Could not find domain: {domain_id}.")
        return json_response({"domain": render_domain(domain, base_url_of(request.scope))})

    async def create_domain(self, request: Request) -> Response:
        """Create a domain, and respond 201.

        Raises BadRequest for an invalid body, and Forbidden if the caller may not create domains.
        Raises the errors of `authenticate` and `read_json`, such as Unauthorized for an invalid
        token. Raises the errors of `Domains.create`, such as Conflict if the name is in use.
        """
        session = self.authenticate(request)
        values = parse_new_object(await read_json(request), schemas.DOMAIN)
        policy.check(session, "create_domain")
        made = await self._domains.create(values)
        return json_response({"domain": render_domain(made, base_url_of(request.scope))}, 201)

    async def update_domain(self, request: Request) -> Response:
        """Change attributes of a domain, and show the changed domain.

        Raises BadRequest for an invalid body, NotFound for an unknown domain, and Forbidden if the
        caller may not change domains. Raises the errors of `authenticate` and `read_json`, such as
        Unauthorized for an invalid token. Raises the errors of `Domains.update`, such as Conflict
        if the new name is in use.
        """
        session = self.authenticate(request)
        values = parse_changes(await read_json(request), schemas.DOMAIN)
        domain_id = self._find(request).id
        policy.check(session, "update_domain")
        changed = await self._domains.update(domain_id, values)
        return json_response({"domain": render_domain(changed, base_url_of(request.scope))})

    async def delete_domain(self, request: Request) -> Response:
        """Delete a disabled domain with its users, projects and roles, and respond 204.

        Images are kept. Raises NotFound for an unknown domain, and Forbidden if the caller may not
        delete domains. Raises the errors of `authenticate`, such as Unauthorized for an invalid
        token. Raises the errors of `Domains.delete`, such as Forbidden for an enabled domain.
        """
        session, domain_id = self.authenticate(request), self._find(request).id
        policy.check(session, "delete_domain")
        await self._domains.delete(domain_id)
        return no_content()

    def _find(self, request: Request) -> Domain:
        """Return the domain in the path. Raises NotFound if the domain does not exist."""
        domain_id = request.path_params["domain_id"]
        domain = self.directory.domains.get(domain_id)
        if domain is None:
            raise NotFound(f"Could not find domain: {domain_id}.")
        return domain
