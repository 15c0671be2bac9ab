"""``glimpse user``: add, list and remove users of the embedded identity."""

import argparse
from collections.abc import Iterator

from glimpse.cli.command_quoting import quote_word
from glimpse.cli.embedded_users import find_domain, open_identity_file
from glimpse.cli.errors import CommandFailed
from glimpse.cli.new_password import add_password_arguments, read_password
from glimpse.cli.settings_arguments import add_state_arguments, read_settings
from glimpse.cli.standard_streams import print_output
from glimpse.cli.table import render_table
from glimpse.cli.unicode_argument import unicode_text
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import DOMAIN_NAME, User
from glimpse.identity.embedded.errors import BadRequest, Conflict, Forbidden, NotFound
from glimpse.identity.embedded.identity_file import IdentityFile
from glimpse.identity.embedded.identity_removals import remove_users
from glimpse.identity.embedded.new_users import NewUser, add_user
from glimpse.identity.service import IdentityUnavailable
from glimpse.identity_api import schemas
from glimpse.identity_api.attributes import check_values
from glimpse.settings import Settings
from glimpse.telemetry.redaction import escape


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions ``add``, ``list`` and ``remove`` with their arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    added = actions.add_parser("add", help="add a user with roles in a project")
    added.add_argument("user", type=unicode_text, metavar="NAME")
    added.add_argument(
        "--project",
        type=unicode_text,
        metavar="NAME",
        help="project of the roles (default: one of the user's name, which is added if missing)",
    )
    added.add_argument(
        "--role",
        action="append",
        type=unicode_text,
        metavar="NAME",
        help="role in the project; may be repeated (default: member)",
    )
    add_password_arguments(added)
    removed = actions.add_parser("remove", help="remove a user, whose tokens end; images stay")
    removed.add_argument("user", type=unicode_text, metavar="NAME")
    for action in (added, removed):
        action.add_argument(
            "--domain",
            type=unicode_text,
            default=DOMAIN_NAME,
            metavar="NAME",
            help="domain (default: Default)",
        )
    for action in (added, removed, actions.add_parser("list", help="list all users")):
        add_state_arguments(action)


def run(options: argparse.Namespace) -> int:
    """Add, remove or list users; print the result, and return 0.

    Each action also completes the identity file (see `open_identity_file`). A process that serves
    uses a change at once. Raises CommandFailed in these cases:

    - A name is invalid, unknown or in use, the domain, project or role is unknown, or the password
      is invalid.
    - There are too many users, projects or role assignments, or the file would be too large.
    - The settings do not use the embedded identity, or the identity file is missing or invalid.
    - The identity file or the output cannot be written.
    - The change is made, but a crash may undo it.

    Raises InvalidSettings for invalid settings, OSError if the identity file cannot be opened, and
    BrokenPipeError if the output is a pipe that nobody reads.
    """
    settings = read_settings(options)
    identity_file = open_identity_file(settings)
    try:
        match options.action:
            case "add":
                _add(identity_file, options, settings)
            case "remove":
                _remove(identity_file, options)
            case _:
                print_output(render_users(identity_file.current))
    except (BadRequest, Conflict, Forbidden, NotFound, IdentityUnavailable) as error:
        raise CommandFailed(str(error)) from None
    return 0


def render_users(directory: Directory) -> str:
    """Return a table of all users, sorted by domain and name, with the roles assigned to them.

    The column PASSWORD is ``readable`` if the identity file has the password itself, and ``hash``
    if the file has only a hash. The column ENABLED is ``no`` if the user or its domain is disabled.
    """
    rows = [
        (
            user.name,
            _domain_name(user.domain_id, directory),
            "yes" if directory.is_enabled(user) else "no",
            "hash" if user.password is None else "readable",
            ", ".join(_roles(user, directory)),
        )
        for user in directory.users.values()
    ]
    rows.sort(key=lambda row: (row[1], row[0]))
    return render_table(("NAME", "DOMAIN", "ENABLED", "PASSWORD", "ROLES"), rows)


def _add(identity_file: IdentityFile, options: argparse.Namespace, settings: Settings) -> None:
    check_values({"name": options.user}, schemas.USER.attributes)
    domain = find_domain(identity_file.current, options.domain)
    password = read_password(options)
    added = add_user(
        identity_file,
        NewUser(
            options.user,
            options.role or ["member"],
            password.readable,
            password.hashed,
            options.project,
            domain.id,
        ),
    )
    roles = ", ".join(_roles(added.user, identity_file.current))
    new = " (a new project)" if added.is_new_project else ""
    print_output(escape(f"User {added.user.name} added: {roles}{new}") + "\n")
    if password.readable and domain.name == DOMAIN_NAME:
        where = f"--state-dir {quote_word(str(settings.server.state_dir.absolute()))}"
        end = " --" if added.user.name.startswith("-") else ""
        command = f"glimpse openrc {where}{end} {quote_word(added.user.name)}"
        print_output(f"The password is in what `{command}` prints.\n")


def _remove(identity_file: IdentityFile, options: argparse.Namespace) -> None:
    """Remove the user named in `options`, and print that the user is removed.

    The user's role assignments, application credentials and access rules are removed, too. Raises
    CommandFailed if there is no such domain or user. Raises ChangeNotSynced if the user is removed,
    but a crash of the machine may undo the removal. Raises another IdentityUnavailable if the
    identity file cannot be changed.
    """
    directory = identity_file.current
    domain = find_domain(directory, options.domain)
    user = directory.user(name=options.user, domain_id=domain.id)
    if user is None:
        raise CommandFailed(f"The domain {domain.name} has no user {options.user}.")
    identity_file.change(lambda document, current: remove_users(document, current, (user.id,)))
    print_output(escape(f"User {user.name} removed") + "\n")


def _roles(user: User, directory: Directory) -> Iterator[str]:
    """Yield a text for each role that is assigned to a user, such as ``member in demo``."""
    for each in user.assignments:
        role = directory.roles.get(each.role_id)
        if each.project_id is not None:
            project = directory.projects.get(each.project_id)
            place = f"in {project.name if project else each.project_id}"
        elif each.domain_id is not None:
            place = f"in the domain {_domain_name(each.domain_id, directory)}"
        else:
            place = "on the system"
        yield f"{role.name if role else each.role_id} {place}"


def _domain_name(domain_id: str, directory: Directory) -> str:
    domain = directory.domains.get(domain_id)
    return domain.name if domain else domain_id
