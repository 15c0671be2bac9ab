"""What `glimpse openrc` and `glimpse clouds` print: how a client logs in, ready to use."""

import shlex

import orjson

from glimpse.identity.embedded.directory import DOMAIN_NAME, Directory, User


class UnknownUser(LookupError):
    """No such user, none whose password is kept readable, or one without a project."""


def openrc(directory: Directory, user_name: str, base_url: str, region: str = "RegionOne") -> str:
    """Shell text to source as `user_name`, for a Glimpse at `base_url` (no slash at its end).

    Raises UnknownUser with a sentence that says what is missing.
    """
    user, password, project = _login(directory, user_name)
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


def clouds(directory: Directory, base_url: str, region: str = "RegionOne") -> str:
    """The text of a clouds.yaml with a cloud ``glimpse-USER`` for every user who can log in."""
    lines = ["clouds:"]
    for name in sorted(user.name for user in directory.users.values()):
        try:
            user, password, project = _login(directory, name)
        except UnknownUser:
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


def _login(directory: Directory, user_name: str) -> tuple[User, str, str]:
    user = directory.user(name=user_name)
    if user is None:
        known = ", ".join(sorted(each.name for each in directory.users.values()))
        raise UnknownUser(f"There is no user {user_name}; there are: {known}.")
    if user.password is None:
        raise UnknownUser(f"The password of {user.name} is kept as a hash only.")
    projects = [project.name for project in directory.projects_of(user)]
    if not projects:
        raise UnknownUser(f"{user.name} has a role in no project.")
    # The project of the same name if there is one: that is where a first start puts everybody.
    return user, user.password, user.name if user.name in projects else projects[0]


def _quoted(text: str) -> str:
    # A JSON string is a YAML string.
    return orjson.dumps(text).decode()
