"""Changes the tags of a project or domain in the identity file."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.errors import NotFound
from glimpse.identity.embedded.identity_document_sections import Document
from glimpse.identity.embedded.identity_entry_edits import check_mutable, replace_entry
from glimpse.identity.embedded.identity_file import IdentityFile


async def change_tags(
    identity_file: IdentityFile,
    project_id: str,
    change: Callable[[tuple[str, ...]], Iterable[str]],
) -> None:
    """Replace the tags of a project or domain by the tags that `change` returns.

    `project_id` may be the id of a domain. `change` gets the old tags, and is called in another
    thread. On return, the change is on disk. If `change` raises an error, the error is raised here,
    and nothing changes. If the calling task is cancelled, the change may still be made.

    Raises NotFound if no project or domain has the id. Raises Forbidden, without a call of
    `change`, if the project or domain is immutable. Raises Forbidden, too, if the identity file
    would be too large. Raises IdentityFileUnavailable if the identity file is invalid or cannot be
    written, and ChangeNotSynced if a crash may undo the change.
    """

    def write(document: Document, directory: Directory) -> None:
        project, domain = directory.projects.get(project_id), directory.domains.get(project_id)
        if project is not None:
            check_mutable("project", project)
            changed = replace(project, tags=tuple(change(project.tags)))
            replace_entry(document, directory, "projects", project, changed)
        elif domain is not None:
            check_mutable("domain", domain)
            changed_domain = replace(domain, tags=tuple(change(domain.tags)))
            replace_entry(document, directory, "domains", domain, changed_domain)
        else:
            raise NotFound(f"Could not find project: {project_id}.")

    await asyncio.to_thread(identity_file.change, write)
