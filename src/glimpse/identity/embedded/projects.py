"""Projects: creates, updates and deletes the projects in the identity file."""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import DOMAIN_ID, Domain, Project
from glimpse.identity.embedded.errors import BadRequest, Conflict, Forbidden, NotFound
from glimpse.identity.embedded.identity_document_sections import Document
from glimpse.identity.embedded.identity_entry_edits import (
    add_entry,
    check_mutable,
    check_same_id,
    check_updatable,
    merge_attributes,
    merge_extra,
    merge_options,
    replace_entry,
)
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.identity_removals import remove_projects

MAX_DEPTH = 5  # of projects below a domain, as Keystone's max_project_tree_depth
_KNOWN = frozenset(
    (
        *("id", "name", "description", "domain_id", "parent_id", "enabled", "is_domain", "tags"),
        *("options", "links", "extra"),
    )
)


class Projects:
    """Creates, updates and deletes projects in the identity file.

    `values` are attributes from a request. Check `values` against `schemas.PROJECT` before the
    call, and check that the caller may make the change. Spaces around a name are removed.
    Attributes that Keystone does not know are stored in ``extra``. If the task of a method is
    cancelled, the change may still be made.
    """

    def __init__(self, identity_file: IdentityFile) -> None:
        self._file = identity_file

    async def create(self, values: Mapping[str, Any], domain_id: str = DOMAIN_ID) -> Project:
        """Create a project with the attributes in `values`; return the project.

        The caller has checked `values` against `schemas.PROJECT`. The domain is the ``domain_id``
        in `values`, or else `domain_id`. Without a ``parent_id``, the project is directly below the
        domain. ``is_domain`` is ignored: `Domains.create` makes domains. On return, the change is
        on disk.

        Raises BadRequest for an unknown domain or parent, for a parent in another domain, or if the
        domain, the parent or a project above the parent is disabled. Raises Conflict if the domain
        has a project of that name, ignoring case. Raises Forbidden if the tree of projects would be
        deeper than MAX_DEPTH, if there are too many projects, or if the identity file would be too
        large. Raises IdentityFileUnavailable if the identity file is invalid or cannot be written,
        and ChangeNotSynced if a crash may undo the change.
        """
        domain_id = values.get("domain_id") or domain_id
        parent_id = values.get("parent_id") or domain_id
        project = Project(
            id=uuid.uuid4().hex,
            name=values["name"].strip(),
            enabled=values.get("enabled", True),
            domain_id=domain_id,
            parent_id=None if parent_id == domain_id else parent_id,
            description=values.get("description", ""),
            tags=tuple(values.get("tags", ())),
            options=merge_options({}, values.get("options", {})),
            extra=merge_extra({}, values, _KNOWN),
        )

        def add(document: Document, directory: Directory) -> None:
            _check_parent(parent_id, domain_id, directory)
            _check_name(project, directory)
            add_entry(document, directory, "projects", project)

        await asyncio.to_thread(self._file.change, add)
        return project

    async def update(self, project_id: str, values: Mapping[str, Any]) -> Project:
        """Replace the attributes of a project that are in `values`; return the changed project.

        On return, the change is on disk. While a project is disabled, tokens for the project are
        invalid. These tokens are valid again when the project is enabled again.

        Raises NotFound if the project does not exist. Raises BadRequest if `values` have another id
        or domain, a domain of null, or a true ``is_domain``. Raises Conflict if the domain has
        another project of the new name, ignoring case. Raises IdentityFileUnavailable if the
        identity file is invalid or cannot be written, and ChangeNotSynced if a crash may undo the
        change. Raises Forbidden in these cases:

        - The project is immutable, unless `values` have only ``options``, with ``immutable`` false
          or null.
        - `values` have another parent, or a parent of null.
        - `values` disable the project, and a project below it is enabled.
        - `values` enable the project, and its domain or a project above it is disabled.
        - The identity file would be too large.
        """
        results: list[Project] = []

        def write(document: Document, directory: Directory) -> None:
            old = _find(project_id, directory)
            _check_update(old, values, directory)
            changed = merge_attributes(old, values, _KNOWN)
            _check_name(changed, directory)
            results.append(replace_entry(document, directory, "projects", old, changed))

        await asyncio.to_thread(self._file.change, write)
        return results[0]

    async def delete(self, project_id: str) -> None:
        """Delete a project with the role assignments and application credentials in the project.

        On return, the change is on disk. Images of the project are kept. Tokens for the project
        become invalid. Users with this default project have no default project afterwards.

        Raises NotFound if the project does not exist. Raises Forbidden if the project is immutable
        or has projects below it. Raises IdentityFileUnavailable if the identity file is invalid or
        cannot be written, and ChangeNotSynced if a crash may undo the change.
        """

        def remove(document: Document, directory: Directory) -> None:
            check_mutable("project", _find(project_id, directory))
            if any(each.parent_id == project_id for each in directory.projects.values()):
                raise Forbidden(
                    f"Cannot delete the project {project_id} since it is not a leaf in the "
                    "hierarchy."
                )
            remove_projects(document, directory, (project_id,))

        await asyncio.to_thread(self._file.change, remove)


def ancestors(project: Project, directory: Directory) -> list[Project]:
    """Return the projects above `project`, the nearest first.

    If `directory` does not have a project in this chain, the result ends below that project. Each
    project is in the result once, even if an edited file puts a project above itself. In that case,
    `project` may be in the result, too.
    """
    found: list[Project] = []
    parent = directory.projects.get(project.parent_id or "")
    # The file could have been edited so that a project is above itself.
    while parent is not None and parent not in found:
        found.append(parent)
        parent = directory.projects.get(parent.parent_id or "")
    return found


def descendants(project: Project, directory: Directory) -> list[Project]:
    """Return the projects below `project`, at any depth, each after its parent.

    `project` is not in the result, even if an edited file puts a project above itself.
    """
    children: dict[str | None, list[Project]] = {}
    for each in directory.projects.values():
        children.setdefault(each.parent_id, []).append(each)
    found = [project]
    for parent in found:  # grows meanwhile; each project's children are taken only once
        found += children.pop(parent.id, ())
    return [each for each in found[1:] if each is not project]


def _find(project_id: str, directory: Directory) -> Project:
    project = directory.projects.get(project_id)
    if project is None:
        raise NotFound(f"Could not find project: {project_id}.")
    return project


def _check_parent(parent_id: str, domain_id: str, directory: Directory) -> None:
    """Check that a project may be created below `parent_id`.

    `parent_id` is the id of a project or of the domain. `domain_id` is the domain of the new
    project. Raises BadRequest if the domain or the parent is unknown, if the parent is in another
    domain, or if the domain, the parent or a project above the parent is disabled. Raises Forbidden
    if there are MAX_DEPTH levels of projects already.
    """
    domain = directory.domains.get(domain_id)
    if domain is None:
        raise BadRequest(f"Could not find domain: {domain_id}.")
    parent: Project | Domain | None = directory.projects.get(parent_id)
    parent = parent or directory.domains.get(parent_id)
    if parent is None:
        raise BadRequest(f"Could not find project: {parent_id}.")
    parent_domain = parent.domain_id if isinstance(parent, Project) else parent.id
    if parent_domain != domain_id:
        raise BadRequest(f"The parent {parent_id} is in another domain than {domain_id}.")
    above: list[Project | Domain] = [domain]
    if isinstance(parent, Project):
        above += [parent, *ancestors(parent, directory)]
    disabled = [each.id for each in above if not each.enabled]
    if disabled:
        raise BadRequest(
            f"Cannot create a project in a branch containing a disabled project: {disabled[0]}."
        )
    if len(above) > MAX_DEPTH:
        raise Forbidden(f"Max hierarchy depth reached for {parent_id} branch.")


def _check_name(project: Project, directory: Directory) -> None:
    """Raise Conflict if another project of the domain has `project`'s name, ignoring case."""
    other = directory.project(name=project.name, domain_id=project.domain_id)
    if other is not None and other.id != project.id:
        raise Conflict(f"The domain {project.domain_id} has a project {project.name} already.")


def _check_update(old: Project, values: Mapping[str, Any], directory: Directory) -> None:
    """Check that `values` may change the project `old`; do not check the new name.

    Raises BadRequest if `values` have another id or domain, a domain of null, or a true
    ``is_domain``. Raises Forbidden in these cases:

    - The project is immutable, unless `values` have only ``options``, with ``immutable`` false or
      null.
    - `values` have another parent, or a parent of null.
    - `values` disable the project, and a project below it is enabled.
    - `values` enable the project, and its domain or a project above it is disabled.
    """
    check_same_id(old.id, values)
    if values.get("domain_id", old.domain_id) != old.domain_id:
        raise BadRequest("Cannot change Domain ID")
    check_updatable("project", old, values)
    parent_id = old.parent_id or old.domain_id
    if values.get("parent_id", parent_id) != parent_id:
        raise Forbidden("Update of `parent_id` is not allowed.")
    if values.get("is_domain"):
        raise BadRequest("Update of `is_domain` is not allowed.")
    enabled = values.get("enabled", old.enabled)
    is_above_enabled = directory.domains[old.domain_id].enabled and all(
        each.enabled for each in ancestors(old, directory)
    )
    if enabled and not old.enabled and not is_above_enabled:
        raise Forbidden(f"Cannot enable project {old.id} since it has disabled parents")
    if old.enabled and not enabled and any(each.enabled for each in descendants(old, directory)):
        raise Forbidden(
            f"Cannot disable project {old.id} since its subtree contains enabled projects."
        )
