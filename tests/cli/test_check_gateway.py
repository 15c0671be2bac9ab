"""The findings of ``glimpse check`` about a gateway without Keystone."""

from pathlib import Path

import pytest

from glimpse.cli.check_gateway import check_gateway
from glimpse.settings import load_settings
from tests.support.process import free_port


@pytest.mark.parametrize("strategy", ["MAC", "ENCRYPT"])
async def test_check_of_a_noauth_gateway_ignores_memcached(tmp_path: Path, strategy: str) -> None:
    settings = load_settings(
        [],
        {
            "glimpse.state_dir": str(tmp_path),
            "glimpse.image_service": "glance",
            "api.auth_strategy": "noauth",
            "glance.api_servers": f"http://127.0.0.1:{free_port()}",
            "keystone_authtoken.memcached_servers": f"127.0.0.1:{free_port()}",
            "keystone_authtoken.memcache_security_strategy": strategy,
        },
    )
    findings = [finding async for finding in check_gateway(settings)]
    assert not any("memcache" in finding.text for finding in findings), findings
    assert findings[-1].text == f"images can be locked through files in {tmp_path}/locks"
