"""ProjectHandlers: list, show, create, update and delete projects."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.request_scope import base_url_of
from glimpse.identity.embedded.directory_entries import DOMAIN_ID, Domain, Project
from glimpse.identity.embedded.domains import Domains
from glimpse.identity.embedded.errors import BadRequest, NotFound
from glimpse.identity.embedded.identity import EmbeddedIdentity
from glimpse.identity.embedded.projects import Projects, ancestors, descendants
from glimpse.identity.embedded.session import Session
from glimpse.identity_api import policy, schemas
from glimpse.identity_api.attributes import parse_changes, parse_new_object
from glimpse.identity_api.documents.projects import (
    render_domain_as_project,
    render_parent_ids,
    render_project,
    render_subtree_ids,
)
from glimpse.identity_api.handlers.base import (
    IdentityHandlers,
    list_response,
    no_content,
)
from glimpse.identity_api.list_query import BOOLEAN_TEXT, UUID_TEXT, ListRules, matches_tags
from glimpse.identity_api.requests import first_values, is_flag_set, read_json
from glimpse.identity_api.responses import json_response

_LIST = ListRules(
    ("domain_id", "enabled", "name", "parent_id", "is_domain"),
    {
        **{name: schemas.PROJECT.attributes[name] for name in ("name", "domain_id")},
        "enabled": BOOLEAN_TEXT,
        "is_domain": BOOLEAN_TEXT,
        "parent_id": UUID_TEXT,
    },
)


class ProjectHandlers(IdentityHandlers):
    """The handlers of ``/v3/projects``.

    As in Keystone, each domain is also shown as a project, with the id of the domain and with
    ``is_domain`` true.
    """

    def __init__(self, identity: EmbeddedIdentity) -> None:
        super().__init__(identity)
        self.projects = Projects(identity.identity_file)
        self._domains = Domains(identity.identity_file)

    async def list_projects(self, request: Request) -> Response:
        """List the projects that match the query; with ``is_domain=true``, list domains instead.

        The list is sorted by id. The query may filter by ``domain_id``, ``enabled``, ``name``,
        ``parent_id``, ``is_domain`` and tags (``tags``, ``tags-any``, ``not-tags`` and
        ``not-tags-any``); ``limit`` and ``marker`` choose a page. With a token for a domain, only
        projects of that domain are listed; with ``is_domain=true``, nothing is listed. Raises
        Forbidden if the caller may not list projects, BadRequest for an invalid parameter, and
        NotFound for an unknown ``marker``. Raises the errors of `authenticate`, such as
        Unauthorized for an invalid token.
        """
        session, base_url = self.authenticate(request), base_url_of(request.scope)
        own = session.domain.id if session.domain else None
        policy.check(session, "list_projects", policy.PolicyTarget(domain_id=own))
        parameters = request.query_params.multi_items()
        entries = [
            render_project(each, base_url)
            for each in self.directory.projects.values()
            if own in (None, each.domain_id) and matches_tags(each.tags, parameters)
        ]
        if "is_domain" in request.query_params:
            entries += [
                render_domain_as_project(each, base_url)
                for each in self.directory.domains.values()
                if own is None and matches_tags(each.tags, parameters)
            ]
        return list_response(request, "projects", entries, _LIST)

    async def show_project(self, request: Request) -> Response:
        """Show a project or domain, and on request the projects above and below a project.

        The parameters ``parents_as_ids`` and ``parents_as_list`` ask for the projects above the
        project, ``subtree_as_ids`` and ``subtree_as_list`` for the projects below. As a list, only
        projects in which the caller has a role are shown. A domain is shown as a project; for a
        domain, these parameters are ignored.

        Raises BadRequest if the query asks for the same projects both as ids and as a list. Raises
        Forbidden if the caller may not see the project. To see a domain, the caller must be allowed
        to see all projects. For an unknown id, raises NotFound if the caller may see all projects,
        otherwise Forbidden. Raises the errors of `authenticate`, such as Unauthorized for an
        invalid token.
        """
        session, project_id = self.authenticate(request), request.path_params["project_id"]
        self.check_policy(session, "get_project", project_id)
        found = self.find_project_or_domain(project_id)
        base_url = base_url_of(request.scope)
        if isinstance(found, Domain):
            return json_response({"project": render_domain_as_project(found, base_url)})
        document = render_project(found, base_url) | self._hierarchy(request, session, found)
        return json_response({"project": document})

    async def create_project(self, request: Request) -> Response:
        """Create a project, or a domain if the body has ``is_domain`` true, and respond 201.

        If the body has no ``domain_id``, a new project is in the domain that the token is for, or
        else in the domain Default. A new domain is shown as a project.

        Raises BadRequest for an invalid body, or if a new domain has a ``domain_id`` or a
        ``parent_id``. If the body has a ``domain_id``, raises Forbidden if the caller may not
        create projects in that domain. Without a ``domain_id``, raises Forbidden if the caller may
        not create projects in all domains. Also raises the errors of `authenticate`, `read_json`,
        and `Projects.create` or `Domains.create`, such as Unauthorized for an invalid token, or
        Conflict if the name is in use.
        """
        session = self.authenticate(request)
        values = parse_new_object(await read_json(request), schemas.PROJECT)
        target = policy.PolicyTarget(domain_id=values.get("domain_id"))
        policy.check(session, "create_project", target)
        base_url = base_url_of(request.scope)
        if values.get("is_domain"):
            if values.get("domain_id") or values.get("parent_id"):
                raise BadRequest("Only root projects are allowed to act as domains.")
            values.pop("explicit_domain_id", None)  # /v3/domains has it; Keystone ignores it here
            made = render_domain_as_project(await self._domains.create(values), base_url)
        else:
            domain_id = session.domain.id if session.domain else DOMAIN_ID
            project = await self.projects.create(values, domain_id)
            made = render_project(project, base_url)
        return json_response({"project": made}, 201)

    async def update_project(self, request: Request) -> Response:
        """Change attributes of a project or domain; show the changed project or domain.

        A domain is shown as a project. Attributes that Keystone does not know are shown twice: in
        the project and under ``extra``, as in Keystone.

        Raises BadRequest for an invalid body, and Forbidden if the caller may not change the
        project. To change a domain, the caller must be allowed to change all projects. For an
        unknown id, raises NotFound if the caller may change all projects, otherwise Forbidden. Also
        raises the errors of `authenticate`, `read_json`, and `Projects.update` or `Domains.update`,
        such as Unauthorized for an invalid token, or Conflict if the new name is in use.
        """
        session, project_id = self.authenticate(request), request.path_params["project_id"]
        values = parse_changes(await read_json(request), schemas.PROJECT)
        self.check_policy(session, "update_project", project_id)
        base_url = base_url_of(request.scope)
        changed: Project | Domain
        if isinstance(self.find_project_or_domain(project_id), Domain):
            changed = await self._domains.update(project_id, values)
            document = render_domain_as_project(changed, base_url)
        else:
            changed = await self.projects.update(project_id, values)
            document = render_project(changed, base_url)
        # Keystone shows the additional attributes twice after an update.
        return json_response({"project": {**document, "extra": dict(changed.extra)}})

    async def delete_project(self, request: Request) -> Response:
        """Delete a project, or a disabled domain, and respond 204. Images are kept.

        Role assignments and application credentials in the project are deleted, too. With a domain,
        its users, projects and roles are deleted.

        Raises Forbidden if the caller may not delete the project. To delete a domain, the caller
        must be allowed to delete all projects. For an unknown id, raises NotFound if the caller may
        delete all projects, otherwise Forbidden. Also raises the errors of `authenticate`, and of
        `Projects.delete` or `Domains.delete`, such as Unauthorized for an invalid token, or
        Forbidden for an enabled domain or a project with projects below it.
        """
        session, project_id = self.authenticate(request), request.path_params["project_id"]
        self.check_policy(session, "delete_project", project_id)
        if isinstance(self.find_project_or_domain(project_id), Domain):
            await self._domains.delete(project_id)
        else:
            await self.projects.delete(project_id)
        return no_content()

    def check_policy(self, session: Session, action: str, project_id: str) -> None:
        """Raise Forbidden if the caller may not perform `action` on the project `project_id`.

        If `project_id` is the id of a domain, or of no project and no domain, raises Forbidden if
        the caller may not perform `action` on all projects. So callers with fewer rights cannot
        find out which ids exist.
        """
        project = self.directory.projects.get(project_id)
        target = policy.PolicyTarget()
        if project is not None:
            target = policy.PolicyTarget(domain_id=project.domain_id, project_id=project_id)
        policy.check(session, action, target)

    def find_project_or_domain(self, project_id: str) -> Project | Domain:
        """Return the project or domain whose id is `project_id`.

        Raises NotFound if no project and no domain has this id.
        """
        directory = self.directory
        found = directory.projects.get(project_id) or directory.domains.get(project_id)
        if found is None:
            raise NotFound(f"Could not find project: {project_id}.")
        return found

    def _hierarchy(self, request: Request, session: Session, project: Project) -> dict[str, Any]:
        """Return the attributes ``parents`` and ``subtree`` of a project that the query asks for.

        `show_project` names the four parameters. A parameter counts if its value is not 0. The
        result is empty if the query asks for neither attribute. As in Keystone, a list has only
        projects in which the caller has a role. ``parents_as_ids`` also has the id of the domain,
        above the topmost project. For ``subtree_as_ids``, ``subtree`` is None if there is no
        project below.

        Raises BadRequest if the query asks for an attribute both as ids and as a list.
        """
        directory, base_url = self.directory, base_url_of(request.scope)
        own = {each.id for each in directory.projects_of(session.user)}
        above, below = ancestors(project, directory), descendants(project, directory)
        parameters = first_values(request.query_params.multi_items())
        rendered: dict[str, Any] = {}
        for name, projects in (("parents", above), ("subtree", below)):
            as_list = is_flag_set(parameters, f"{name}_as_list")
            as_ids = is_flag_set(parameters, f"{name}_as_ids")
            if as_list and as_ids:
                raise BadRequest(
                    f"Cannot use {name}_as_list and {name}_as_ids query params at the same time."
                )
            if as_ids:
                render_ids = render_parent_ids if name == "parents" else render_subtree_ids
                rendered[name] = render_ids(project, projects)
            elif as_list:
                mine = (each for each in projects if each.id in own)
                rendered[name] = [{"project": render_project(each, base_url)} for each in mine]
        return rendered
