"""ProjectTagHandlers: list, set and delete the tags of a project."""

from collections.abc import Callable, Iterable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from glimpse.http.request_scope import base_url_of
from glimpse.identity.embedded.errors import BadRequest, NotFound
from glimpse.identity.embedded.project_tags import change_tags
from glimpse.identity_api import schemas
from glimpse.identity_api.attributes import check_values
from glimpse.identity_api.handlers.base import no_content
from glimpse.identity_api.handlers.projects import ProjectHandlers
from glimpse.identity_api.requests import read_json
from glimpse.identity_api.responses import PRIVATE, json_response


class ProjectTagHandlers(ProjectHandlers):
    """The handlers of ``/v3/projects/{project_id}/tags``; the project may be a domain.

    Handlers raise Forbidden if the caller may not see or change the tags of the project. If the
    project does not exist, handlers raise NotFound to callers who may see or change the tags of all
    projects, and Forbidden to other callers. The tags of a domain may be seen and changed only by
    callers who may see and change the tags of all projects.
    """

    async def list_tags(self, request: Request) -> Response:
        """List the tags of a project, in the order in which they were set.

        Raises Forbidden if the caller may not see the project. For an unknown project, raises
        NotFound if the caller may see all projects, otherwise Forbidden. Raises the errors of
        `authenticate`, such as Unauthorized for an invalid token.
        """
        project_id = self._authorize(request, "list_project_tags")
        return self._tags_response(request, self.find_project_or_domain(project_id).tags)

    async def replace_tags(self, request: Request) -> Response:
        """Replace all tags of a project, and list the new tags.

        Raises BadRequest if the body has anything but a list ``tags``, if a tag is invalid or
        repeated, or if there are more than 80 tags. Raises Forbidden if the caller may not change
        the project. For an unknown project, raises NotFound if the caller may change all projects,
        otherwise Forbidden. Also raises the errors of `authenticate`, `read_json` and
        `change_tags`, such as Unauthorized for an invalid token, or Forbidden for an immutable
        project.
        """
        self.authenticate(request)
        document = await read_json(request)
        if not isinstance(document, dict) or set(document) != {"tags"}:
            raise BadRequest("The body has to be an object with the list tags, and nothing else.")
        check_values(document, {"tags": schemas.TAGS})
        project_id = self._authorize(request, "update_project_tags")
        await self._change(project_id, lambda _: document["tags"])
        return self._tags_response(request, document["tags"])

    async def delete_tags(self, request: Request) -> Response:
        """Delete all tags of a project, and respond 204, also if there are none.

        Raises Forbidden if the caller may not change the project. For an unknown project, raises
        NotFound if the caller may change all projects, otherwise Forbidden. Also raises the errors
        of `authenticate` and `change_tags`, such as Unauthorized for an invalid token, or Forbidden
        for an immutable project.
        """
        await self._change(self._authorize(request, "delete_project_tags"), lambda _: ())
        return no_content()

    async def show_tag(self, request: Request) -> Response:
        """Respond 204 if a project has the tag in the path; otherwise raise NotFound.

        Raises Forbidden if the caller may not see the project. For an unknown project, raises
        NotFound if the caller may see all projects, otherwise Forbidden. Raises the errors of
        `authenticate`, such as Unauthorized for an invalid token.
        """
        project_id = self._authorize(request, "get_project_tag")
        _require_tag(self.find_project_or_domain(project_id).tags, request.path_params["tag"])
        return no_content()

    async def add_tag(self, request: Request) -> Response:
        """Add the tag in the path to a project; respond 201 with the tag's URL in ``Location``.

        Raises BadRequest if the tag is not valid, if the project already has the tag (as in
        Keystone), or if the project would have more than 80 tags. Raises Forbidden if the caller
        may not change the project. For an unknown project, raises NotFound if the caller may change
        all projects, otherwise Forbidden. Also raises the errors of `authenticate` and
        `change_tags`, such as Unauthorized for an invalid token, or Forbidden for an immutable
        project.
        """
        project_id, tag = self._authorize(request, "create_project_tag"), request.path_params["tag"]

        def add(tags: tuple[str, ...]) -> Iterable[str]:
            changed = [*tags, tag]
            check_values({"tags": changed}, {"tags": schemas.TAGS})
            return changed

        # As in Keystone, an invalid tag is 400, not 403, for an immutable project, too.
        add(self.find_project_or_domain(project_id).tags)
        await self._change(project_id, add)
        url = f"{self._tags_url(request)}/{quote(tag, safe='')}"
        return Response(status_code=201, headers=PRIVATE | {"Location": url})

    async def delete_tag(self, request: Request) -> Response:
        """Delete the tag in the path from a project, and respond 204.

        Raises NotFound if the project does not have the tag. Raises Forbidden if the caller may not
        change the project. For an unknown project, raises NotFound if the caller may change all
        projects, otherwise Forbidden. Also raises the errors of `authenticate` and `change_tags`,
        such as Unauthorized for an invalid token, or Forbidden for an immutable project.
        """
        project_id, tag = self._authorize(request, "delete_project_tag"), request.path_params["tag"]

        def remove(tags: tuple[str, ...]) -> Iterable[str]:
            _require_tag(tags, tag)
            return [each for each in tags if each != tag]

        await self._change(project_id, remove)
        return no_content()

    def _authorize(self, request: Request, action: str) -> str:
        """Return the id of the project in the path, which need not exist.

        Raises Forbidden if the caller may not perform `action` on the project. For a domain or an
        unknown project, the caller must be allowed to perform `action` on all projects. Raises the
        errors of `authenticate`, such as Unauthorized for an invalid token.
        """
        project_id: str = request.path_params["project_id"]
        self.check_policy(self.authenticate(request), action, project_id)
        return project_id

    async def _change(
        self, project_id: str, change: Callable[[tuple[str, ...]], Iterable[str]]
    ) -> None:
        await change_tags(self.identity.identity_file, project_id, change)

    def _tags_response(self, request: Request, tags: Iterable[str]) -> Response:
        links = {"self": self._tags_url(request)}
        return json_response({"tags": list(tags), "links": links})

    @staticmethod
    def _tags_url(request: Request) -> str:
        # Operators write the ids in the identity file as they like: a header has to be ASCII.
        project_id = quote(request.path_params["project_id"], safe="")
        return f"{base_url_of(request.scope)}/v3/projects/{project_id}/tags"


def _require_tag(tags: Iterable[str], tag: str) -> None:
    """Raise NotFound if `tag` is not among `tags`."""
    if tag not in tags:
        raise NotFound(f"Could not find project tag: {tag}.")
