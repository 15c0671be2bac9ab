"""`glimpse openrc` and `glimpse clouds`, read by a shell and a YAML parser."""

import subprocess

import pytest
import yaml

from glimpse.cli.client_credentials import (
    NoCredentials,
    default_user,
    render_clouds,
)
from glimpse.cli.openrc import render_openrc
from glimpse.identity.embedded.directory import Directory
from glimpse.identity.embedded.directory_entries import Project, User
from glimpse.identity.embedded.standard_roles import role_id_of

URL = "http://127.0.0.1:5000"
UNUSUAL_PASSWORD = 'it\'s "odd" $HOME `x` \\ \u00e9'
DIRECTORY = Directory(
    users=[
        User("1", "demo", "", UNUSUAL_PASSWORD, roles={"p": (role_id_of("member"),)}),
        User("2", "hashed", "", None, roles={"p": (role_id_of("member"),)}),
        User("3", "without-project", "", "secret"),
        User(
            "4",
            "disabled",
            "",
            "secret",
            enabled=False,
            roles={"p": (role_id_of("member"),)},
        ),
        User("5", "without-enabled", "", "secret", roles={"q": (role_id_of("member"),)}),
    ],
    projects=[Project("p", "the project"), Project("q", "off", enabled=False)],
)


def test_the_default_user_is_demo_or_else_one_who_can_log_in() -> None:
    projects, users = DIRECTORY.projects.values(), DIRECTORY.users.values()
    ann = User("6", "ann", "", "secret", roles={"p": (role_id_of("member"),)})
    others = [user for user in users if user.name != "demo"]
    found = [
        default_user(Directory(users=some, projects=list(projects)))
        for some in ([*users, ann], [*others, ann], others)
    ]
    assert found == ["demo", "ann", None]


def test_shell_reads_the_exact_values_of_openrc() -> None:
    script = render_openrc(DIRECTORY, "demo", URL, "Here") + "env -0"
    found = subprocess.run(["/bin/sh", "-c", script], stdout=subprocess.PIPE, check=True, env={})
    variables = dict(each.split("=", 1) for each in found.stdout.decode().rstrip("\0").split("\0"))
    assert variables["OS_PASSWORD"] == UNUSUAL_PASSWORD
    assert variables["OS_AUTH_URL"] == f"{URL}/v3"
    assert variables["OS_PROJECT_NAME"] == "the project"
    assert variables["OS_REGION_NAME"] == "Here"


@pytest.mark.parametrize(
    "user", ["unknown", "hashed", "without-project", "without-enabled", "disabled"]
)
def test_openrc_of_a_user_without_credentials_is_refused(user: str) -> None:
    with pytest.raises(NoCredentials, match=user):
        render_openrc(DIRECTORY, user, URL, "Here")


def test_clouds_yaml_has_each_user_with_credentials() -> None:
    found = yaml.safe_load(render_clouds(DIRECTORY, URL, "Here"))
    assert set(found["clouds"]) == {"glimpse-demo"}
    cloud = found["clouds"]["glimpse-demo"]
    assert cloud["auth"] == {
        "auth_url": f"{URL}/v3",
        "username": "demo",
        "password": UNUSUAL_PASSWORD,
        "project_name": "the project",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
    }
    assert cloud["region_name"] == "Here"


@pytest.mark.parametrize("name", ["del\x7f", "\x85", "a\u2028b", "\ufeff", "\U000e0001", "😀"])
def test_clouds_yaml_has_any_name(name: str) -> None:
    user = User("1", name, "", "secret", roles={"p": (role_id_of("member"),)})
    directory = Directory(users=[user], projects=[Project("p", "red")])
    text = render_clouds(directory, URL, "RegionOne")
    cloud = yaml.safe_load(text)["clouds"][f"glimpse-{name}"]
    assert cloud["auth"]["username"] == name
