"""A gateway in front of a second Glimpse, whose Identity and Image APIs it uses."""

import subprocess
import sys
from pathlib import Path

import pytest

from glimpse.app.gateway import open_gateway
from glimpse.identity import Unauthorized
from glimpse.identity.keystone import KeystoneIdentity
from glimpse.images import ImageQuery
from glimpse.settings import InvalidSettings, load_settings
from tests.support.process import GlimpseProcess


def configuration(cloud: GlimpseProcess, directory: Path) -> Path:
    """Return a nova.conf with the credentials of the cloud's admin."""
    openrc = subprocess.run(
        [sys.executable, "-m", "glimpse", "openrc", "admin", "--state-dir", str(cloud.state_dir)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    password = openrc.partition("OS_PASSWORD=")[2].split()[0].strip("\"'")
    conf = directory / "nova.conf"
    conf.write_text(
        f"""
[DEFAULT]
state_path = /somewhere
[keystone_authtoken]
auth_type = password
auth_url = {cloud.base_url}/identity/v3
username = admin
password = {password}
user_domain_id = default
project_name = admin
project_domain_id = default
interface = public
[glance]
valid_interfaces = public
"""
    )
    return conf


async def test_a_gateway_needs_only_a_nova_conf(tmp_path: Path) -> None:
    with GlimpseProcess(tmp_path / "cloud") as cloud:
        conf = configuration(cloud, tmp_path)
        settings = load_settings([conf], {"glimpse.state_dir": str(tmp_path / "state")})
        gateway = open_gateway(settings)
        assert isinstance(gateway.identity, KeystoneIdentity)
        try:
            uri = f"{cloud.base_url}/identity/v3"
            assert gateway.identity.challenge("http://here") == f'Keystone uri="{uri}"'
            assert await gateway.images.base_url() == f"{cloud.base_url}/image"
            own_token, _ = await gateway.identity._session.token_and_endpoint()  # noqa: SLF001  a token is all that is wanted
            caller = await gateway.identity.authenticate(own_token)
            assert caller.is_admin
            pages = [page async for page in gateway.images.list_images(caller, ImageQuery())]
            assert pages[-1].is_last
            with pytest.raises(Unauthorized):
                await gateway.identity.authenticate("unknown")
        finally:
            await gateway.images.close()
            await gateway.identity.close()


def test_a_section_without_credentials_is_refused(tmp_path: Path) -> None:
    conf = tmp_path / "nova.conf"
    conf.write_text("[keystone_authtoken]\nwww_authenticate_uri = http://keystone.example\n")
    with pytest.raises(InvalidSettings, match="auth_type is not set"):
        open_gateway(load_settings([conf], {"glimpse.state_dir": str(tmp_path)}))
