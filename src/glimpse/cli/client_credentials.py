"""Renders the credentials of users for clients: `glimpse openrc` and `glimpse clouds`."""

import shlex

import orjson

from glimpse.identity.embedded.directory import DOMAIN_NAME, Directory, User


class NoCredentials(LookupError):
    """The user does not exist, has no project, or has no password that can be read.

    The message says which.
    """


def render_openrc(directory: Directory, user_name: str, base_url: str, region: str) -> str:
    """Render a shell script that sets the variables with which a user's clients log in.

    `base_url` is the URL of Glimpse, without a slash at its end. The project is that of the user's
    own name if there is one, otherwise the first. Raises NoCredentials if there is no such user,
    or it has no project, or its password is kept as a hash only. Whether the user is enabled is not
    checked.
    """
    user, password, project = _find_credentials(directory, user_name)
    variables = {
        "OS_AUTH_URL": f"{base_url}/identity/v3",
        "OS_IDENTITY_API_VERSION": "3",
        "OS_USERNAME": user.name,
        "OS_PASSWORD": password,
        "OS_USER_DOMAIN_NAME": DOMAIN_NAME,
        "OS_PROJECT_NAME": project,
        "OS_PROJECT_DOMAIN_NAME": DOMAIN_NAME,
        "OS_REGION_NAME": region,
        "OS_INTERFACE": "public",
    }
    return "".join(f"export {key}={shlex.quote(value)}\n" for key, value in variables.items())


def render_clouds(directory: Directory, base_url: str, region: str) -> str:
    """Render a clouds.yaml with a cloud ``glimpse-USER`` for each user with credentials.

    Users without a project, or whose password is kept as a hash only, are left out; disabled users
    are not. `base_url` is the URL of Glimpse, without a slash at its end.
    """
    lines = ["clouds:"]
    for name in sorted(user.name for user in directory.users.values()):
        try:
            user, password, project = _find_credentials(directory, name)
        except NoCredentials:
            continue
        lines += [
            f"  {_quoted(f'glimpse-{user.name}')}:",
            "    auth:",
            f"      auth_url: {_quoted(f'{base_url}/identity/v3')}",
            f"      username: {_quoted(user.name)}",
            f"      password: {_quoted(password)}",
            f"      project_name: {_quoted(project)}",
            f"      user_domain_name: {DOMAIN_NAME}",
            f"      project_domain_name: {DOMAIN_NAME}",
            f"    region_name: {_quoted(region)}",
            '    identity_api_version: "3"',
        ]
    return "\n".join(lines) + "\n"


def _find_credentials(directory: Directory, user_name: str) -> tuple[User, str, str]:
    """Return a user, the password, and the project to log in to, as `render_openrc` describes.

    The case of `user_name` is ignored. Raises NoCredentials, also as `render_openrc` describes.
    """
    user = directory.user(name=user_name)
    if user is None:
        known = ", ".join(sorted(each.name for each in directory.users.values()))
        raise NoCredentials(f"There is no user {user_name}; there are: {known}.")
    if user.password is None:
        raise NoCredentials(f"The password of {user.name} is kept as a hash only.")
    projects = [project.name for project in directory.projects_of(user)]
    if not projects:
        raise NoCredentials(f"{user.name} has a role in no project.")
    # A first start gives each user a project of the user's name.
    return user, user.password, user.name if user.name in projects else projects[0]


def _quoted(text: str) -> str:
    """Return `text` as a JSON string, which YAML reads as well."""
    return orjson.dumps(text).decode()
