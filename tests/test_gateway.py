"""The gateway's parts, made of a nova.conf's sections."""

from pathlib import Path

from glimpse.gateway import glance_service, keystone_identity, service_session
from glimpse.settings import load_settings

NOVA_CONF = """
[DEFAULT]
state_path = /somewhere
[api]
auth_strategy = keystone
[glance]
api_servers = http://one.example:9292,http://two.example:9292
[keystone_authtoken]
auth_type = password
auth_url = http://keystone.example/v3
username = nova
password = hidden
user_domain_name = Default
project_name = service
project_domain_name = Default
"""


async def test_a_nova_conf_is_enough(tmp_path: Path) -> None:
    conf = tmp_path / "nova.conf"
    conf.write_text(NOVA_CONF)
    settings = load_settings([conf], {"glimpse.state_dir": str(tmp_path / "state")})
    session = service_session(settings)
    identity = keystone_identity(settings, session)
    images = glance_service(settings, session)
    assert identity.challenge("http://here") == 'Keystone uri="http://keystone.example/v3"'
    assert (tmp_path / "state" / "turns").is_dir()
    await images.close()
    await identity.close()
