import subprocess

import pytest
import yaml  # type: ignore[import-untyped]  # oslo.config brings it, without types

from glimpse.cli.client_credentials import UnknownUser, clouds, openrc
from glimpse.identity.embedded.directory import Directory, Project, User

ODD = 'it\'s "odd" $HOME `x` \\ \u00e9'
DIRECTORY = Directory(
    users=[
        User("1", "demo", "", ODD, roles={"p": ("member",)}),
        User("2", "hashed", "", None, roles={"p": ("member",)}),
        User("3", "homeless", "", "secret"),
    ],
    projects=[Project("p", "the project")],
)


def test_a_shell_reads_openrc_exactly() -> None:
    script = openrc(DIRECTORY, "demo", "http://127.0.0.1:8774", "Here") + "env -0"
    found = subprocess.run(["/bin/sh", "-c", script], stdout=subprocess.PIPE, check=True, env={})
    variables = dict(each.split("=", 1) for each in found.stdout.decode().rstrip("\0").split("\0"))
    assert variables["OS_PASSWORD"] == ODD
    assert variables["OS_AUTH_URL"] == "http://127.0.0.1:8774/identity/v3"
    assert variables["OS_PROJECT_NAME"] == "the project"
    assert variables["OS_REGION_NAME"] == "Here"


@pytest.mark.parametrize("user", ["nobody", "hashed", "homeless"])
def test_who_cannot_log_in_gets_no_openrc(user: str) -> None:
    with pytest.raises(UnknownUser, match=user):
        openrc(DIRECTORY, user, "http://127.0.0.1:8774")


def test_clouds_yaml_has_everybody_who_can_log_in() -> None:
    found = yaml.safe_load(clouds(DIRECTORY, "http://127.0.0.1:8774", "Here"))
    assert set(found["clouds"]) == {"glimpse-demo"}
    cloud = found["clouds"]["glimpse-demo"]
    assert cloud["auth"] == {
        "auth_url": "http://127.0.0.1:8774/identity/v3",
        "username": "demo",
        "password": ODD,
        "project_name": "the project",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
    }
    assert cloud["region_name"] == "Here"
