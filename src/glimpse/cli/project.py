"""``glimpse project``: add, list and remove projects of the embedded identity."""

import argparse
import asyncio

from glimpse.cli.embedded_users import find_domain, open_identity_file
from glimpse.cli.errors import CommandFailed
from glimpse.cli.settings_arguments import add_state_arguments, read_settings
from glimpse.cli.standard_streams import print_output
from glimpse.cli.table import render_table
from glimpse.cli.unicode_argument import unicode_text
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import DOMAIN_NAME
from glimpse.identity.embedded.errors import BadRequest, Conflict, Forbidden, NotFound
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.projects import Projects
from glimpse.identity.service import IdentityUnavailable
from glimpse.identity_api import schemas
from glimpse.identity_api.attributes import check_values
from glimpse.telemetry.redaction import escape


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions ``add``, ``list`` and ``remove`` with their arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    added = actions.add_parser("add", help="add a project without users")
    added.add_argument(
        "--description", default="", type=unicode_text, metavar="TEXT", help="what it is for"
    )
    removed = actions.add_parser(
        "remove", help="remove a project and the roles in it; its images stay"
    )
    for action in (added, removed):
        action.add_argument("project", type=unicode_text, metavar="NAME")
        action.add_argument(
            "--domain",
            type=unicode_text,
            default=DOMAIN_NAME,
            metavar="NAME",
            help="domain (default: Default)",
        )
    for action in (added, removed, actions.add_parser("list", help="list all projects")):
        add_state_arguments(action)


def run(options: argparse.Namespace) -> int:
    """Add, remove or list projects; print the result, and return 0.

    Each action also completes the identity file (see `open_identity_file`). A process that serves
    uses a change at once. Raises CommandFailed in these cases:

    - A name is invalid, unknown or in use, or the domain is unknown or disabled.
    - There are too many projects, or the identity file would be too large.
    - The project to remove is immutable or has projects below it.
    - The settings do not use the embedded identity, or the identity file is missing or invalid.
    - The identity file or the output cannot be written.
    - The change is made, but a crash may undo it.

    Raises InvalidSettings for invalid settings, OSError if the identity file cannot be opened, and
    BrokenPipeError if the output is a pipe that nobody reads.
    """
    identity_file = open_identity_file(read_settings(options))
    try:
        match options.action:
            case "add":
                _add(identity_file, options)
            case "remove":
                _remove(identity_file, options)
            case _:
                print_output(render_projects(identity_file.current))
    except (BadRequest, Conflict, Forbidden, NotFound, IdentityUnavailable) as error:
        raise CommandFailed(str(error)) from None
    return 0


def render_projects(directory: Directory) -> str:
    """Return a table of all projects, sorted by domain and name, with a header.

    The column ENABLED is ``no`` if the project or its domain is disabled.
    """
    rows = []
    for project in directory.projects.values():
        domain = directory.domains.get(project.domain_id)
        rows.append(
            (
                project.name,
                domain.name if domain else project.domain_id,
                "yes" if directory.is_enabled(project) else "no",
                project.id,
            )
        )
    rows.sort(key=lambda row: (row[1], row[0]))
    return render_table(("NAME", "DOMAIN", "ENABLED", "ID"), rows)


def _add(identity_file: IdentityFile, options: argparse.Namespace) -> None:
    values = {"name": options.project, "description": options.description}
    check_values(values, schemas.PROJECT.attributes)
    domain = find_domain(identity_file.current, options.domain)
    project = asyncio.run(Projects(identity_file).create(values, domain.id))
    print_output(escape(f"Project {project.name} added, with the id {project.id}") + "\n")


def _remove(identity_file: IdentityFile, options: argparse.Namespace) -> None:
    domain = find_domain(identity_file.current, options.domain)
    project = identity_file.current.project(name=options.project, domain_id=domain.id)
    if project is None:
        raise CommandFailed(f"The domain {domain.name} has no project {options.project}.")
    asyncio.run(Projects(identity_file).delete(project.id))
    print_output(escape(f"Project {project.name} removed") + "\n")
