"""Renders the credentials of users for clients, as shell variables or a clouds.yaml."""

import orjson

from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import DOMAIN_ID, Project, User
from glimpse.telemetry.redaction import escape


class NoCredentials(LookupError):
    """There are no credentials with which a client can log in as the user.

    The message says why: the user does not exist, is disabled, has a role in no enabled project, or
    has a password that is kept only as a hash.
    """


DEFAULT_USER = "demo"  # each new state directory has this user


def default_user(directory: Directory) -> str | None:
    """Return the name of a user who has credentials for clients; None if there is none.

    A user has credentials if the user is enabled, has a readable password and has a role in an
    enabled project. Only users of the domain Default count. The result is ``demo`` if that user has
    credentials, otherwise the first such name in alphabetical order.
    """
    for name in (DEFAULT_USER, *_names_in_default_domain(directory)):
        try:
            return _find_credentials(directory, name)[0].name
        except NoCredentials:
            continue
    return None


def client_variables(
    directory: Directory, user_name: str, identity_url: str, region: str
) -> dict[str, str]:
    """Return the environment variables for clients to log in as a user of the domain Default.

    `identity_url` is the URL of the Identity API, without a version or a slash at its end. The case
    of `user_name` does not matter. The variables name one of the enabled projects in which the user
    has a role: the one with the user's name, otherwise the first in alphabetical order. Raises
    NoCredentials if the user does not exist, is disabled, has no such project, or has no readable
    password.
    """
    user, password, project = _find_credentials(directory, user_name)
    return {
        "OS_AUTH_URL": f"{identity_url}/v3",
        "OS_IDENTITY_API_VERSION": "3",
        "OS_USERNAME": user.name,
        "OS_PASSWORD": password,
        "OS_USER_DOMAIN_NAME": directory.domains[user.domain_id].name,
        "OS_PROJECT_NAME": project.name,
        "OS_PROJECT_DOMAIN_NAME": directory.domains[project.domain_id].name,
        "OS_REGION_NAME": region,
        "OS_INTERFACE": "public",
    }


def render_clouds(directory: Directory, identity_url: str, region: str) -> str:
    """Render a clouds.yaml with a cloud ``glimpse-USER`` for each user of the domain Default.

    The users are sorted by name. A user is left out if the user is disabled, has a role in no
    enabled project, or has no readable password. Without any user, the file has no clouds.
    `identity_url` is the URL of the Identity API, without a version or a slash at its end.
    """
    lines = ["clouds:"]
    for name in _names_in_default_domain(directory):
        try:
            user, password, project = _find_credentials(directory, name)
        except NoCredentials:
            continue
        lines += [
            f"  {_quoted(f'glimpse-{user.name}')}:",
            "    auth:",
            f"      auth_url: {_quoted(f'{identity_url}/v3')}",
            f"      username: {_quoted(user.name)}",
            f"      password: {_quoted(password)}",
            f"      project_name: {_quoted(project.name)}",
            f"      user_domain_name: {_quoted(directory.domains[user.domain_id].name)}",
            f"      project_domain_name: {_quoted(directory.domains[project.domain_id].name)}",
            f"    region_name: {_quoted(region)}",
            '    identity_api_version: "3"',
        ]
    return "\n".join(lines) + "\n"


def _find_credentials(directory: Directory, user_name: str) -> tuple[User, str, Project]:
    """Return a user of the domain Default, the user's password and the project to log in to.

    The project is the user's enabled project with the user's name, otherwise the first one in
    alphabetical order. Raises NoCredentials if the user does not exist, is disabled, has no enabled
    project, or has no readable password.
    """
    user = directory.user(name=user_name)
    if user is None:
        known = ", ".join(_names_in_default_domain(directory))
        raise NoCredentials(f"There is no user {user_name}; there are: {known}.")
    if not directory.is_enabled(user):
        raise NoCredentials(f"The user {user.name} is disabled.")
    if user.password is None:
        raise NoCredentials(
            f"The password of {user.name} is kept as a hash only: set OS_USERNAME and OS_PASSWORD "
            "yourself, or give the user a new password in identity.json."
        )
    projects = [each for each in directory.projects_of(user) if directory.is_enabled(each)]
    if not projects:
        raise NoCredentials(f"{user.name} has a role in no enabled project.")
    # A first start gives each user a project of the user's name.
    own = next((project for project in projects if project.name == user.name), projects[0])
    return user, user.password, own


def _names_in_default_domain(directory: Directory) -> list[str]:
    """Return the names of all users in the domain Default, sorted."""
    users = directory.users.values()
    return sorted(user.name for user in users if user.domain_id == DOMAIN_ID)


def _quoted(text: str) -> str:
    r"""Return `text` as a quoted YAML string on one line.

    Characters that are not printable become escapes that YAML knows, such as ``\x7f``. YAML forbids
    some of these characters, and reads others as line breaks.
    """
    return escape(orjson.dumps(text).decode())
